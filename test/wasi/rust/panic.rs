// A panic is a trap, not an exit.
fn main() {
    let v: Vec<u32> = std::env::args().map(|_| 1).collect();
    println!("{}", v[v.len() + 5]);
}
