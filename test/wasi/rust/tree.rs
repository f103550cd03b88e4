// A tree is made, walked, copied and removed with std::fs.
use std::fs;
use std::path::Path;

fn count(dir: &Path) -> (usize, u64) {
    let mut files = 0;
    let mut bytes = 0;
    for entry in fs::read_dir(dir).unwrap() {
        let entry = entry.unwrap();
        if entry.file_type().unwrap().is_dir() {
            let (f, b) = count(&entry.path());
            files += f;
            bytes += b;
        } else {
            files += 1;
            bytes += entry.metadata().unwrap().len();
        }
    }
    (files, bytes)
}

fn main() {
    let root = Path::new("/tree");
    for i in 0..10 {
        let dir = root.join(format!("a{}/b/c", i));
        fs::create_dir_all(&dir).unwrap();
        fs::create_dir_all(&dir).unwrap();
        for j in 0..5 {
            fs::write(dir.join(format!("file {}", j)), vec![b'x'; 100 * j]).unwrap();
        }
    }
    assert_eq!(count(root), (50, 10 * 1000));
    assert_eq!(fs::copy(root.join("a0/b/c/file 4"), root.join("copy")).unwrap(), 400);
    fs::rename(root.join("a1"), root.join("moved")).unwrap();
    assert_eq!(count(root), (51, 10 * 1000 + 400));
    assert_eq!(fs::read(root.join("moved/b/c/file 3")).unwrap(), vec![b'x'; 300]);
    fs::remove_dir_all(root).unwrap();
    assert!(!root.exists());
}
