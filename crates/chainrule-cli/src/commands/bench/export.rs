//! A workload as files that NumPy reads, so that others can be measured on the same.

use std::fs;
use std::path::Path;

use chainrule::bench::{Rows, Workload};

use crate::failure::Failure;
use crate::output::Object;

/// Writes the rows, the first parameters and the settings of a workload into a folder of its name.
pub fn write(folder: &Path, workload: &Workload, rows: &Rows) -> Result<(), Failure> {
    let folder = folder.join(&workload.name);
    fs::create_dir_all(&folder).map_err(|reason| unwritable(&folder, reason))?;
    let array = |name: &str, dims: &[usize], values: &[f32]| {
        let path = folder.join(format!("{name}.npy"));
        fs::write(&path, npy(dims, values)).map_err(|reason| unwritable(&path, reason))
    };
    array("x", &[rows.count, rows.x.len() / rows.count.max(1)], &rows.x)?;
    array("y", &[rows.count, rows.y.len() / rows.count.max(1)], &rows.y)?;
    let parameters = workload.initial_parameters()?;
    for (layer, (pair, size)) in parameters.chunks(2).zip(workload.sizes.windows(2)).enumerate() {
        for ((name, dims), values) in ["weight", "bias"].iter().zip([size, &size[1..]]).zip(pair) {
            array(&format!("{layer}.{name}"), dims, values)?;
        }
    }
    let object = Object::new()
        .text("workload", &workload.name)
        .lists("sizes", [workload.sizes.iter().map(|&size| size as f64)])
        .text("activation", &workload.activation)
        .text("loss", workload.criterion.name())
        .text("optimizer", workload.optimizer.member().name)
        .numbers(&settings(workload))
        .number("learning_rate", workload.learning_rate)
        .count("batch_size", workload.batch_size as u64)
        .count("warm_up", workload.warm_up as u64)
        .count("epochs", workload.epochs as u64)
        .number("operations", workload.operations())
        .number("operations_of_a_row", workload.operations_of_a_row());
    let path = folder.join("workload.json");
    fs::write(&path, format!("{object}\n")).map_err(|reason| unwritable(&path, reason))
}

/// The optimizer's settings by name.
fn settings(workload: &Workload) -> Vec<(&'static str, f64)> {
    workload.optimizer.iter().map(|(setting, value)| (setting.name, value)).collect()
}

/// An array of f32, row after row, in NumPy's format, version 1.0.
fn npy(dims: &[usize], values: &[f32]) -> Vec<u8> {
    let dims: Vec<String> = dims.iter().map(|dim| format!("{dim},")).collect();
    let header =
        format!("{{'descr': '<f4', 'fortran_order': False, 'shape': ({}), }}", dims.join(" "));
    // Ten bytes stand before the header, a line break ends it, and the numbers begin at a
    // multiple of 64.
    let length = (10 + header.len() + 1).next_multiple_of(64) - 10;
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend((length as u16).to_le_bytes());
    bytes.extend(format!("{header:<width$}\n", width = length - 1).into_bytes());
    bytes.extend(values.iter().flat_map(|value| value.to_le_bytes()));
    bytes
}

fn unwritable(path: &Path, reason: std::io::Error) -> Failure {
    Failure::Unwritable { file: path.display().to_string(), reason }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_array_begins_at_a_multiple_of_64() {
        let bytes = npy(&[2, 3], &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
        assert_eq!(&bytes[..8], b"\x93NUMPY\x01\x00");
        let length = usize::from(u16::from_le_bytes([bytes[8], bytes[9]]));
        assert_eq!((10 + length) % 64, 0);
        let header = std::str::from_utf8(&bytes[10..10 + length]).unwrap();
        assert!(header.contains("'shape': (2, 3,)") && header.ends_with('\n'), "{header}");
        assert_eq!(bytes.len(), 10 + length + 24);
        assert_eq!(&bytes[10 + length..14 + length], 1f32.to_le_bytes());
    }
}
