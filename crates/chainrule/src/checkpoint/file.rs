//! Putting a checkpoint on a disk: whole or not at all, whatever fails in between.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

/// What a save asks of the system, step by step, so that each step can be made to fail.
pub trait Storage {
    /// A file that is being written.
    type Writing;

    /// Makes an empty file, in the place of one that is there.
    ///
    /// # Errors
    /// What the system says.
    fn create(&mut self, path: &Path) -> io::Result<Self::Writing>;

    /// Adds bytes.
    ///
    /// # Errors
    /// What the system says; some of the bytes may be written.
    fn write(&mut self, file: &mut Self::Writing, bytes: &[u8]) -> io::Result<()>;

    /// Waits until the bytes are on the disk.
    ///
    /// # Errors
    /// What the system says.
    fn sync(&mut self, file: Self::Writing) -> io::Result<()>;

    /// Gives a file another name, in the place of one that has it.
    ///
    /// # Errors
    /// What the system says.
    fn rename(&mut self, from: &Path, to: &Path) -> io::Result<()>;

    /// Waits until the names in a folder are on the disk.
    ///
    /// # Errors
    /// What the system says.
    fn sync_folder(&mut self, folder: &Path) -> io::Result<()>;

    /// Removes a file.
    ///
    /// # Errors
    /// What the system says.
    fn remove(&mut self, path: &Path) -> io::Result<()>;
}

/// The disk.
#[derive(Clone, Copy, Debug, Default)]
pub struct Disk;

impl Storage for Disk {
    type Writing = File;

    fn create(&mut self, path: &Path) -> io::Result<File> {
        File::create(path)
    }

    fn write(&mut self, file: &mut File, bytes: &[u8]) -> io::Result<()> {
        file.write_all(bytes)
    }

    fn sync(&mut self, file: File) -> io::Result<()> {
        file.sync_all()
    }

    fn rename(&mut self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }

    fn sync_folder(&mut self, folder: &Path) -> io::Result<()> {
        // Only Unix lets a folder be opened; elsewhere a rename is safe by itself.
        if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
    }

    fn remove(&mut self, path: &Path) -> io::Result<()> {
        fs::remove_file(path)
    }
}

/// The bytes of one write.
const WRITTEN: usize = 1 << 16;

/// Saves bytes under a name: they are written beside it under another name, synced, and renamed, so
/// that at every moment the name has what it had before, or all of the new bytes.
///
/// Only one save at a time may go to a name.
///
/// # Errors
/// What the system says. What the name had before is still there, but for a fault in the very last
/// step, when it may have either.
pub fn save<S: Storage>(storage: &mut S, path: &Path, bytes: &[u8]) -> io::Result<()> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let temporary = path.with_file_name(format!(".{name}.tmp"));
    let saved = write(storage, &temporary, bytes).and_then(|()| storage.rename(&temporary, path));
    if saved.is_err() {
        let _ = storage.remove(&temporary);
    }
    saved?;
    match path.parent() {
        Some(folder) if folder != Path::new("") => storage.sync_folder(folder),
        _ => storage.sync_folder(Path::new(".")),
    }
}

fn write<S: Storage>(storage: &mut S, path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = storage.create(path)?;
    for part in bytes.chunks(WRITTEN) {
        storage.write(&mut file, part)?;
    }
    storage.sync(file)
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    /// A disk on which one operation fails, halfway through if it is a write, and perhaps everything
    /// after it, as when the power is gone.
    struct Failing {
        left: usize,
        dead: bool,
        stays_dead: bool,
    }

    impl Failing {
        fn at(operation: usize, stays_dead: bool) -> Self {
            Self { left: operation, dead: false, stays_dead }
        }

        fn next(&mut self) -> io::Result<()> {
            if self.dead && self.stays_dead {
                return Err(io::ErrorKind::StorageFull.into());
            }
            match self.left.checked_sub(1) {
                Some(left) => {
                    self.left = left;
                    Ok(())
                }
                None if self.dead => Ok(()),
                None => {
                    self.dead = true;
                    Err(io::ErrorKind::StorageFull.into())
                }
            }
        }
    }

    impl Storage for Failing {
        type Writing = File;

        fn create(&mut self, path: &Path) -> io::Result<File> {
            self.next()?;
            Disk.create(path)
        }

        fn write(&mut self, file: &mut File, bytes: &[u8]) -> io::Result<()> {
            let outcome = self.next();
            let written = if outcome.is_ok() { bytes } else { &bytes[..bytes.len() / 2] };
            Disk.write(file, written)?;
            outcome
        }

        fn sync(&mut self, file: File) -> io::Result<()> {
            self.next()?;
            Disk.sync(file)
        }

        fn rename(&mut self, from: &Path, to: &Path) -> io::Result<()> {
            self.next()?;
            Disk.rename(from, to)
        }

        fn sync_folder(&mut self, folder: &Path) -> io::Result<()> {
            self.next()?;
            Disk.sync_folder(folder)
        }

        fn remove(&mut self, path: &Path) -> io::Result<()> {
            self.next()?;
            Disk.remove(path)
        }
    }

    fn folder(name: &str) -> PathBuf {
        let folder = std::env::temp_dir().join(format!("chainrule-{name}-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        folder
    }

    /// Case ser-atomic-1, and every write of a save failing in turn.
    #[test]
    fn the_last_good_checkpoint_survives_whatever_operation_of_a_save_fails() {
        let folder = folder("failing-save");
        let path = folder.join("checkpoint.safetensors");
        let of = |seed: u8| -> Vec<u8> {
            (0..WRITTEN * 5 + 17).map(|i| (i as u8).wrapping_mul(31) ^ seed).collect()
        };
        let (old, new) = (of(1), of(2));
        let (mut failed, mut kept) = (0, 0);
        for stays_dead in [false, true] {
            for operation in 0.. {
                save(&mut Disk, &path, &old).unwrap();
                let outcome = save(&mut Failing::at(operation, stays_dead), &path, &new);
                let found = fs::read(&path).unwrap();
                if outcome.is_ok() {
                    assert!(found == new);
                    // Creating, six writes, syncing, renaming and syncing the folder.
                    assert_eq!(operation, 10);
                    break;
                }
                failed += 1;
                kept += usize::from(found == old);
                assert!(found == old || found == new, "{operation}");
                // A file that is left over is in nobody's way.
                save(&mut Disk, &path, &new).unwrap();
                assert!(fs::read(&path).unwrap() == new);
            }
        }
        // Only where the folder cannot be synced the new one is there already.
        assert_eq!((failed, kept), (20, 18));
        let names = fs::read_dir(&folder).unwrap().count();
        assert_eq!(names, 1);
        fs::remove_dir_all(&folder).unwrap();
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_full_disk_leaves_the_last_good_checkpoint() {
        /// A disk whose files have no room.
        struct Full;
        impl Storage for Full {
            type Writing = File;

            fn create(&mut self, path: &Path) -> io::Result<File> {
                Disk.create(path)?;
                fs::OpenOptions::new().write(true).open("/dev/full")
            }

            fn write(&mut self, file: &mut File, bytes: &[u8]) -> io::Result<()> {
                Disk.write(file, bytes)
            }

            fn sync(&mut self, file: File) -> io::Result<()> {
                Disk.sync(file)
            }

            fn rename(&mut self, from: &Path, to: &Path) -> io::Result<()> {
                Disk.rename(from, to)
            }

            fn sync_folder(&mut self, folder: &Path) -> io::Result<()> {
                Disk.sync_folder(folder)
            }

            fn remove(&mut self, path: &Path) -> io::Result<()> {
                Disk.remove(path)
            }
        }
        let folder = folder("full-disk");
        let path = folder.join("checkpoint.safetensors");
        save(&mut Disk, &path, b"old").unwrap();
        let error = save(&mut Full, &path, b"new").unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::StorageFull);
        assert_eq!(fs::read(&path).unwrap(), b"old");
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 1);
        fs::remove_dir_all(&folder).unwrap();
    }
}
