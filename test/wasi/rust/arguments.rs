// Arguments and variables arrive; print, eprint and the exit status leave.
use std::env;

fn main() {
    let args: Vec<String> = env::args().skip(1).collect();
    assert_eq!(args, ["a", "", "ü b"]);
    let mut vars: Vec<(String, String)> = env::vars().collect();
    vars.sort();
    assert_eq!(vars, [("E".into(), "".into()), ("KEY".into(), "value=1".into())]);
    assert!(env::var("HOME").is_err());
    println!("out");
    eprintln!("err");
    std::process::exit(42);
}
