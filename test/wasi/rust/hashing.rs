// Hash maps take their keys from random_get: two of them differ, and the sums agree.
use std::collections::hash_map::{HashMap, RandomState};
use std::hash::{BuildHasher, Hasher};

fn hash(state: &RandomState) -> u64 {
    let mut h = state.build_hasher();
    h.write(b"the same");
    h.finish()
}

fn main() {
    assert_ne!(hash(&RandomState::new()), hash(&RandomState::new()));
    let map: HashMap<u64, u64> = (1..=100_000).map(|i| (i, i)).collect();
    println!("{} {}", map.len(), map.values().sum::<u64>());
}
