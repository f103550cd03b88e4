// Hard links and symlinks as std::fs sees them.
#![allow(deprecated)]
use std::fs;
use std::io::Write;
use std::path::Path;

fn main() {
    fs::write("/f", "one").unwrap();
    fs::hard_link("/f", "/g").unwrap();
    fs::OpenOptions::new().append(true).open("/g").unwrap().write_all(b" two").unwrap();
    assert_eq!(fs::read_to_string("/f").unwrap(), "one two");
    fs::soft_link("g", "/s").unwrap();
    assert_eq!(fs::read_link("/s").unwrap(), Path::new("g"));
    assert!(fs::symlink_metadata("/s").unwrap().file_type().is_symlink());
    assert!(fs::metadata("/s").unwrap().is_file());
    fs::remove_file("/f").unwrap();
    assert_eq!(fs::read_to_string("/s").unwrap(), "one two");
    fs::remove_file("/g").unwrap();
    assert!(fs::metadata("/s").is_err());
    assert!(fs::hard_link("/none", "/x").is_err());
    fs::remove_file("/s").unwrap();
    assert_eq!(fs::read_dir("/").unwrap().count(), 0);
}
