// Buffered readers and writers, seeking between, lines and bytes.
use std::fs::OpenOptions;
use std::io::{BufRead, BufReader, BufWriter, Read, Seek, SeekFrom, Write};

fn main() {
    let mut file = OpenOptions::new().read(true).write(true).create(true).open("/f").unwrap();
    {
        let mut w = BufWriter::with_capacity(7, &mut file);
        for i in 0..1000 {
            writeln!(w, "line {}", i).unwrap();
        }
        w.seek(SeekFrom::Start(5)).unwrap();
        w.write_all(b"X").unwrap();
    }
    assert_eq!(file.stream_position().unwrap(), 6);
    file.rewind().unwrap();
    let lines: Vec<String> = BufReader::with_capacity(13, &file).lines().map(|l| l.unwrap()).collect();
    assert_eq!(lines.len(), 1000);
    assert_eq!(lines[0], "line X");
    assert_eq!(lines[999], "line 999");
    let end = file.seek(SeekFrom::End(-4)).unwrap();
    let mut rest = String::new();
    file.read_to_string(&mut rest).unwrap();
    assert_eq!(rest, "999\n");
    file.set_len(end).unwrap();
    assert_eq!(file.metadata().unwrap().len(), end);
    assert!(file.seek(SeekFrom::Current(-1_000_000)).is_err());
}
