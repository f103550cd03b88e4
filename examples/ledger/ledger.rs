//! A small ledger: reads transfers `FROM TO CENTS` from a file, applies those that are covered, and
//! prints every balance. The file's faults are reported by line and end with status 1.

use std::collections::BTreeMap;
use std::fmt;
use std::fs::File;
use std::io::{BufRead, BufReader};

#[derive(Debug)]
enum Fault {
    Io(std::io::Error),
    Fields(usize),
    Amount(usize, String),
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match self {
            Fault::Io(error) => write!(f, "{}", error.kind()),
            Fault::Fields(line) => write!(f, "line {}: want FROM TO CENTS", line),
            Fault::Amount(line, text) => write!(f, "line {}: '{}' is no amount", line, text),
        }
    }
}

struct Transfer {
    from: String,
    to: String,
    cents: u64,
}

fn parse(line: usize, text: &str) -> Result<Transfer, Fault> {
    let fields: Vec<&str> = text.split_whitespace().collect();
    match fields[..] {
        [from, to, cents] => Ok(Transfer {
            from: from.to_string(),
            to: to.to_string(),
            cents: cents.parse().map_err(|_| Fault::Amount(line, cents.to_string()))?,
        }),
        _ => Err(Fault::Fields(line)),
    }
}

fn read(path: &str) -> Result<Vec<Transfer>, Fault> {
    let file = File::open(path).map_err(Fault::Io)?;
    let mut transfers = Vec::new();
    for (number, line) in BufReader::new(file).lines().enumerate() {
        let line = line.map_err(Fault::Io)?;
        if !line.trim().is_empty() {
            transfers.push(parse(number + 1, &line)?);
        }
    }
    Ok(transfers)
}

/// Applies one transfer; `bank` may overdraw. False when the payer lacks the money.
fn apply(balances: &mut BTreeMap<String, i128>, transfer: &Transfer) -> bool {
    let cents = i128::from(transfer.cents);
    let payer = balances.entry(transfer.from.clone()).or_insert(0);
    if transfer.from != "bank" && *payer < cents {
        return false;
    }
    *payer -= cents;
    *balances.entry(transfer.to.clone()).or_insert(0) += cents;
    true
}

fn main() {
    let path = match std::env::args().nth(1) {
        Some(path) => path,
        None => {
            eprintln!("usage: ledger FILE");
            std::process::exit(2);
        }
    };
    let transfers = read(&path).unwrap_or_else(|fault| {
        eprintln!("ledger: {}: {}", path, fault);
        std::process::exit(1);
    });
    let mut balances = BTreeMap::new();
    let refused = transfers.iter().filter(|t| !apply(&mut balances, t)).count();
    println!("{} transfers, {} refused", transfers.len(), refused);
    for (name, cents) in &balances {
        let sign = if *cents < 0 { "-" } else { "" };
        let cents = cents.unsigned_abs();
        println!("{:<8} {:>12}", name, format!("{}{}.{:02}", sign, cents / 100, cents % 100));
    }
}
