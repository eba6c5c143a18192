// Collections, strings and floats of Rust's standard library, and a panic that
// is a trap.
use std::collections::{BTreeMap, HashMap, VecDeque};

#[no_mangle]
pub extern "C" fn maps(n: u32) -> u64 {
    let mut tree = BTreeMap::new();
    let mut words: HashMap<String, u64, std::hash::BuildHasherDefault<std::collections::hash_map::DefaultHasher>> = HashMap::default();
    for i in 0..n {
        let k = i.wrapping_mul(2654435761) % 1009;
        *tree.entry(k).or_insert(0u64) += i as u64;
        *words.entry(format!("{:05}-{:.3}", k, (k as f64).sqrt())).or_insert(1) *= 3 + (k as u64 & 1);
    }
    let mut h = tree.iter().fold(7u64, |h, (k, v)| h.wrapping_mul(31).wrapping_add(*k as u64 ^ v));
    for (k, v) in &words {
        h ^= v.wrapping_mul(k.len() as u64 + k.as_bytes()[4] as u64);
    }
    h
}

#[no_mangle]
pub extern "C" fn queue(n: u32) -> u64 {
    let mut q: VecDeque<Box<dyn Fn(u64) -> u64>> = VecDeque::new();
    for i in 0..n as u64 {
        match i % 3 {
            0 => q.push_back(Box::new(move |x| x.rotate_left(i as u32 % 64))),
            1 => q.push_front(Box::new(move |x| x ^ i.wrapping_mul(0x9e3779b97f4a7c15))),
            _ => q.push_back(Box::new(|x| x.wrapping_add(x.count_ones() as u64))),
        }
    }
    q.iter().fold(n as u64, |x, f| f(x))
}

#[no_mangle]
pub extern "C" fn parse(n: u32) -> f64 {
    (1..n).map(|i| format!("{}e{}", i as f64 * 1.37, i as i32 % 40 - 20)).filter_map(|s| s.parse::<f64>().ok())
        .fold(0.0, |a, x| (a + x.ln()) % 1e6)
}

#[no_mangle]
pub extern "C" fn index(n: u32) -> u32 {
    let v: Vec<u32> = (0..10).map(|x| x * x).collect();
    v[n as usize]
}
