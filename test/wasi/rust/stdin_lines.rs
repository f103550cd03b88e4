// Lines of standard input, the last without its end.
use std::io::{self, BufRead, Write};

fn main() {
    let mut out = io::stdout().lock();
    for line in io::stdin().lock().lines() {
        write!(out, "{}|", line.unwrap()).unwrap();
    }
    let mut more = String::new();
    assert_eq!(io::stdin().read_line(&mut more).unwrap(), 0);
}
