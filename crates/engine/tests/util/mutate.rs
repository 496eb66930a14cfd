//! Changes to binary modules: blind ones, and ones that know what sections are.

use super::Rng;

/// Where sections are in a module, as far as their lengths make sense.
fn sections(wasm: &[u8]) -> Vec<std::ops::Range<usize>> {
    let mut found = Vec::new();
    let mut at = 8;
    while at < wasm.len() {
        let (mut size, mut shift, mut next) = (0_usize, 0, at + 1);
        while let Some(byte) = wasm.get(next) {
            size |= usize::from(byte & 0x7f) << shift;
            (shift, next) = (shift + 7, next + 1);
            if byte & 0x80 == 0 || shift > 28 {
                break;
            }
        }
        let Some(end) = next.checked_add(size).filter(|end| *end <= wasm.len()) else { break };
        found.push(at..end);
        at = end;
    }
    found
}

fn pick<'a, T>(rng: &mut Rng, from: &'a [T]) -> &'a T {
    &from[rng.below(from.len())]
}

/// A module of the corpus with one to three changes.
pub fn mutate(rng: &mut Rng, corpus: &[Vec<u8>]) -> Vec<u8> {
    let mut wasm = pick(rng, corpus).clone();
    for _ in 0..=rng.below(3) {
        change(rng, &mut wasm, corpus);
        if wasm.is_empty() {
            break;
        }
    }
    wasm
}

fn change(rng: &mut Rng, wasm: &mut Vec<u8>, corpus: &[Vec<u8>]) {
    let at = rng.below(wasm.len());
    match rng.below(12) {
        0 => wasm.truncate(at),
        1 | 2 => wasm[at] ^= 1 << rng.below(8),
        3 => wasm[at] = rng.next() as u8,
        4 => (0..=rng.below(8)).for_each(|_| {
            let at = rng.below(wasm.len());
            wasm[at] = rng.next() as u8;
        }),
        // The last bytes are code or data more often than not.
        5 => {
            let at = wasm.len() - 1 - rng.below(wasm.len().min(40));
            wasm[at] = wasm[at].wrapping_add(rng.next() as u8 % 5).wrapping_sub(2);
        }
        6 => wasm.splice(at..at, [0xff, 0xff, 0xff, 0xff, 0x0f][..=rng.below(5).min(4)].iter().copied()).for_each(drop),
        7 => {
            let end = (at + 1 + rng.below(8)).min(wasm.len());
            wasm.drain(at..end);
        }
        8 => {
            let other = pick(rng, corpus);
            let from = rng.below(other.len());
            let to = (from + 1 + rng.below(32)).min(other.len());
            let end = (at + rng.below(32)).min(wasm.len());
            wasm.splice(at..end, other[from..to].iter().copied());
        }
        _ => change_sections(rng, wasm, corpus),
    }
}

fn change_sections(rng: &mut Rng, wasm: &mut Vec<u8>, corpus: &[Vec<u8>]) {
    let mine = sections(wasm);
    if mine.is_empty() {
        return;
    }
    let one = pick(rng, &mine).clone();
    match rng.below(5) {
        // Two change places.
        0 => {
            let other = pick(rng, &mine).clone();
            let (first, second) = if one.start <= other.start { (one, other) } else { (other, one) };
            if first != second {
                let parts = [
                    &wasm[..first.start],
                    &wasm[second.clone()],
                    &wasm[first.end..second.start],
                    &wasm[first],
                    &wasm[second.end..],
                ];
                *wasm = parts.concat();
            }
        }
        1 => drop(wasm.drain(one)),
        2 => {
            let copy = wasm[one.clone()].to_vec();
            wasm.splice(one.end..one.end, copy);
        }
        // One of another module, in place of one or before it.
        kind => {
            let other = pick(rng, corpus);
            let theirs = sections(other);
            if !theirs.is_empty() {
                let new = other[pick(rng, &theirs).clone()].to_vec();
                let end = if kind == 3 { one.end } else { one.start };
                wasm.splice(one.start..end, new);
            }
        }
    }
}
