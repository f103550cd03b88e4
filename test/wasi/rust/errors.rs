// Errnos become the kinds that programs look at.
use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Read, Write};

fn main() {
    assert_eq!(File::open("/none").unwrap_err().kind(), ErrorKind::NotFound);
    fs::create_dir("/d").unwrap();
    assert_eq!(fs::create_dir("/d").unwrap_err().kind(), ErrorKind::AlreadyExists);
    let new = OpenOptions::new().write(true).create_new(true).open("/f");
    let mut f = new.unwrap();
    let again = OpenOptions::new().write(true).create_new(true).open("/f");
    assert_eq!(again.unwrap_err().kind(), ErrorKind::AlreadyExists);
    f.write_all(b"text").unwrap();
    assert!(f.read(&mut [0; 4]).is_err());
    assert_eq!(File::open("/../escape").unwrap_err().kind(), ErrorKind::PermissionDenied);
    assert_eq!(fs::read("/f/x").unwrap_err().raw_os_error(), Some(54)); // NOTDIR
    assert_eq!(fs::write("ro/f", "x").unwrap_err().raw_os_error(), Some(69)); // ROFS
    assert_eq!(fs::remove_dir("/f").unwrap_err().raw_os_error(), Some(54));
    fs::write("/d/x", "").unwrap();
    assert_eq!(fs::remove_dir("/d").unwrap_err().raw_os_error(), Some(55)); // NOTEMPTY
    fs::write("/bad", [0xff, 0xfe]).unwrap();
    assert_eq!(fs::read_to_string("/bad").unwrap_err().kind(), ErrorKind::InvalidData);
}
