//! Reading the constants of a model: checked sizes, then plain vectors.

use std::collections::BTreeMap;

use super::error::{ShapeFault, shown};
use super::protobuf::{GraphProto, TensorProto};
use super::{ElementType, OnnxError};

/// The most dimensions that a tensor may have.
pub const MAX_RANK: usize = 8;

/// A constant whose shape and data are known to agree.
#[derive(Clone, Copy, Debug)]
pub struct InitializerView<'a> {
    tensor: &'a TensorProto,
    element_type: ElementType,
    count: usize,
}

/// The constants of a graph by name.
#[derive(Clone, Debug)]
pub struct Initializers<'a>(BTreeMap<&'a str, &'a TensorProto>);

impl<'a> Initializers<'a> {
    /// Collects the constants of a graph.
    pub fn of(graph: &'a GraphProto) -> Self {
        let named = |tensor: &'a TensorProto| (tensor.name.as_str(), tensor);
        Self(graph.initializer.iter().map(named).collect())
    }

    /// Returns the constant of a name.
    ///
    /// # Errors
    /// [`OnnxError::MissingInitializer`] if there is none, or as [`InitializerView::new`].
    pub fn get(&self, name: &str) -> Result<InitializerView<'a>, OnnxError> {
        match self.0.get(name) {
            Some(tensor) => InitializerView::new(tensor),
            None => Err(OnnxError::MissingInitializer { name: shown(name) }),
        }
    }
}

impl<'a> InitializerView<'a> {
    /// Checks a tensor: a known element type, at most [`MAX_RANK`] dimensions, none negative, a
    /// product that fits the address space even where a dimension is 0, and as many elements as
    /// the product says, in `raw_data` or in the one field that belongs to the type.
    ///
    /// # Errors
    /// [`OnnxError::ExternalData`], [`OnnxError::ElementType`], [`OnnxError::Shape`],
    /// [`OnnxError::DataPlace`] or [`OnnxError::DataSize`].
    pub fn new(tensor: &'a TensorProto) -> Result<Self, OnnxError> {
        let name = || shown(&tensor.name);
        if tensor.data_location != 0 || !tensor.external_data.is_empty() {
            return Err(OnnxError::ExternalData { tensor: name() });
        }
        let element_type = ElementType::from_code(tensor.data_type)
            .ok_or_else(|| OnnxError::ElementType { name: name(), code: tensor.data_type })?;
        let count = element_count(&tensor.dims)
            .map_err(|fault| OnnxError::Shape { name: name(), fault })?;

        let typed = [
            (tensor.float_data.len(), element_type == ElementType::Float),
            (tensor.double_data.len(), element_type == ElementType::Double),
            (tensor.int64_data.len(), element_type == ElementType::Int64),
            (tensor.string_data.len(), element_type == ElementType::String),
            (
                tensor.int32_data.len(),
                matches!(element_type, ElementType::Int32 | ElementType::Bool),
            ),
        ];
        let raw = !tensor.raw_data.is_empty();
        if typed.iter().any(|(length, belongs)| *length > 0 && (raw || !belongs)) {
            return Err(OnnxError::DataPlace { tensor: name() });
        }
        let (expected, found) = match element_type.width() {
            Some(width) if raw => (count as u64 * width as u64, tensor.raw_data.len()),
            None if raw => return Err(OnnxError::DataPlace { tensor: name() }),
            _ => (count as u64, typed.iter().map(|(length, _)| length).sum()),
        };
        if expected != found as u64 {
            return Err(OnnxError::DataSize { tensor: name(), expected, found: found as u64 });
        }
        Ok(Self { tensor, element_type, count })
    }

    /// Returns the name.
    pub fn name(&self) -> &'a str {
        &self.tensor.name
    }

    /// Returns the type of the elements.
    pub fn element_type(&self) -> ElementType {
        self.element_type
    }

    /// Returns the sizes, outermost first; none for a scalar.
    pub fn dims(&self) -> Vec<usize> {
        self.tensor.dims.iter().map(|&size| size as usize).collect()
    }

    /// Returns the number of elements: the product of the sizes.
    pub fn count(&self) -> usize {
        self.count
    }

    /// Returns the elements of a float tensor.
    ///
    /// # Errors
    /// [`OnnxError::WrongElementType`] for any other type.
    pub fn f32_values(&self) -> Result<Vec<f32>, OnnxError> {
        self.expect(ElementType::Float)?;
        Ok(little_endian(&self.tensor.raw_data, f32::from_le_bytes)
            .unwrap_or_else(|| self.tensor.float_data.clone()))
    }

    /// Returns the elements of a double tensor.
    ///
    /// # Errors
    /// [`OnnxError::WrongElementType`] for any other type.
    pub fn f64_values(&self) -> Result<Vec<f64>, OnnxError> {
        self.expect(ElementType::Double)?;
        Ok(little_endian(&self.tensor.raw_data, f64::from_le_bytes)
            .unwrap_or_else(|| self.tensor.double_data.clone()))
    }

    /// Returns the elements of an int64 tensor.
    ///
    /// # Errors
    /// [`OnnxError::WrongElementType`] for any other type.
    pub fn i64_values(&self) -> Result<Vec<i64>, OnnxError> {
        self.expect(ElementType::Int64)?;
        Ok(little_endian(&self.tensor.raw_data, i64::from_le_bytes)
            .unwrap_or_else(|| self.tensor.int64_data.clone()))
    }

    /// Returns the elements of a string tensor.
    ///
    /// # Errors
    /// [`OnnxError::WrongElementType`] for any other type, [`OnnxError::NotText`] for an element
    /// that is not UTF-8.
    pub fn strings(&self) -> Result<Vec<&'a str>, OnnxError> {
        self.expect(ElementType::String)?;
        let texts = self.tensor.string_data.iter().map(|bytes| str::from_utf8(bytes));
        texts.collect::<Result<_, _>>().map_err(|_| OnnxError::NotText { name: shown(self.name()) })
    }

    fn expect(&self, expected: ElementType) -> Result<(), OnnxError> {
        if self.element_type == expected {
            return Ok(());
        }
        Err(OnnxError::WrongElementType {
            tensor: shown(self.name()),
            expected: expected.name(),
            found: self.element_type.name(),
        })
    }
}

/// Reads numbers from their little-endian bytes, or `None` if there are no bytes.
fn little_endian<T, const WIDTH: usize>(
    bytes: &[u8],
    read: fn([u8; WIDTH]) -> T,
) -> Option<Vec<T>> {
    let (numbers, _) = bytes.as_chunks::<WIDTH>();
    (!bytes.is_empty()).then(|| numbers.iter().map(|number| read(*number)).collect())
}

/// Multiplies the sizes of a shape.
///
/// A size of 0 makes the product 0, but must not hide that the others are too large for anything
/// that computes strides from them; eight bytes an element must fit the address space.
pub(super) fn element_count(dims: &[i64]) -> Result<usize, ShapeFault> {
    if dims.len() > MAX_RANK {
        return Err(ShapeFault::Rank { found: dims.len(), limit: MAX_RANK });
    }
    let mut extent = 1usize;
    let mut empty = false;
    for &size in dims {
        let size = usize::try_from(size).map_err(|_| match size {
            ..0 => ShapeFault::Negative(size),
            _ => ShapeFault::Overflow,
        })?;
        empty |= size == 0;
        extent = extent.checked_mul(size.max(1)).ok_or(ShapeFault::Overflow)?;
    }
    if extent > isize::MAX as usize / 8 {
        return Err(ShapeFault::Overflow);
    }
    Ok(if empty { 0 } else { extent })
}
