//! A tensor of a checkpoint: a name, dimensions, and the bytes of its numbers.

use ::safetensors::Dtype;
use ::safetensors::tensor::TensorView;

use crate::engine::Number;

/// Named numbers, as they stand in the file.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Tensor {
    pub name: String,
    pub dtype: Dtype,
    pub dims: Vec<usize>,
    /// Little-endian.
    pub bytes: Vec<u8>,
}

impl Tensor {
    /// The numbers of a tensor of these dimensions.
    pub fn of<T: Number>(name: &str, dims: &[usize], values: &[T]) -> Self {
        let mut bytes = Vec::new();
        push(values, &mut bytes);
        let dims = match dims.iter().product::<usize>() == values.len() {
            true => dims.to_vec(),
            // What nothing reads has no elements, whatever its shape.
            false => vec![values.len()],
        };
        Self { name: name.to_owned(), dtype: dtype::<T>(), dims, bytes }
    }

    /// A tensor of a file; `None` if it holds something else than numbers of training.
    pub fn read(name: &str, view: &TensorView<'_>) -> Option<Self> {
        matches!(view.dtype(), Dtype::F32 | Dtype::F64).then(|| Self {
            name: name.to_owned(),
            dtype: view.dtype(),
            dims: view.shape().to_vec(),
            bytes: view.data().to_vec(),
        })
    }

    /// The numbers; `None` if they are of another type.
    pub fn values<T: Number>(&self) -> Option<Vec<T>> {
        (self.dtype == dtype::<T>()).then(|| match self.dtype {
            Dtype::F32 => {
                let numbers = self.bytes.as_chunks::<4>().0.iter();
                numbers.map(|&bytes| T::from(f32::from_le_bytes(bytes))).collect()
            }
            _ => {
                let numbers = self.bytes.as_chunks::<8>().0.iter();
                numbers.map(|&bytes| T::from_f64(f64::from_le_bytes(bytes))).collect()
            }
        })
    }
}

/// Adds the bytes of numbers in their own precision.
pub(super) fn push<T: Number>(values: &[T], bytes: &mut Vec<u8>) {
    bytes.reserve(size_of_val(values));
    match dtype::<T>() {
        Dtype::F32 => {
            let numbers = values.iter().map(|value| value.to_f64() as f32);
            bytes.extend(numbers.flat_map(f32::to_le_bytes));
        }
        _ => bytes.extend(values.iter().flat_map(|value| value.to_f64().to_le_bytes())),
    }
}

/// How numbers of training are kept: as they are.
fn dtype<T: Number>() -> Dtype {
    if size_of::<T>() == size_of::<f32>() { Dtype::F32 } else { Dtype::F64 }
}
