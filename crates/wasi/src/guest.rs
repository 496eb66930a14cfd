//! A program's memory while one of its calls runs: every access is checked, nothing is copied twice.
//!
//! An address that is not in the memory gives `FAULT`.

use std::borrow::Cow;
use std::io::{IoSlice, IoSliceMut};
use std::sync::atomic::{AtomicU8, Ordering::Relaxed};

use crate::Errno;

/// How many buffers one operation of a file gets at most.
const BATCH: usize = 16;

/// How many bytes of a shared memory are moved at once, since they go through a buffer of the host.
const AT_ONCE: usize = 1 << 20;

/// How many buffers a call may name.
const MAX_BUFFERS: u32 = 1024;

/// The linear memory of the program that calls.
pub struct Guest<'a> {
    memory: Memory<'a>,
}

enum Memory<'a> {
    /// Nobody else touches it during the call: files read and write it directly.
    Exclusive(&'a mut [u8]),
    /// Other threads may: data goes through a buffer of the host.
    Shared(&'a [AtomicU8]),
}

/// The buffers of a scatter or gather call, read once so that they cannot change any more.
pub(crate) struct Buffers {
    ranges: [(u32, u32); BATCH],
    count: usize,
    /// Where the array goes on, and how many buffers it still has.
    rest: (u32, u32),
}

impl Buffers {
    /// The bytes in this batch.
    pub(crate) fn len(&self) -> usize {
        self.ranges[..self.count].iter().map(|range| range.1 as usize).sum()
    }

    /// Leaves out the first bytes.
    pub(crate) fn advance(&mut self, mut bytes: usize) {
        let mut first = 0;
        while first < self.count && bytes >= self.ranges[first].1 as usize {
            bytes -= self.ranges[first].1 as usize;
            first += 1;
        }
        self.ranges.copy_within(first..self.count, 0);
        self.count -= first;
        if self.count > 0 {
            self.ranges[0].0 += bytes as u32;
            self.ranges[0].1 -= bytes as u32;
        }
    }
}

impl<'a> Guest<'a> {
    /// A memory that only the caller can reach for as long as the call takes.
    pub fn new(memory: &'a mut [u8]) -> Guest<'a> {
        Guest { memory: Memory::Exclusive(memory) }
    }

    /// A memory that other threads may read and write meanwhile.
    pub fn shared(memory: &'a [AtomicU8]) -> Guest<'a> {
        Guest { memory: Memory::Shared(memory) }
    }

    /// Whether other threads may read and write it meanwhile.
    pub(crate) fn is_shared(&self) -> bool {
        matches!(self.memory, Memory::Shared(_))
    }

    /// How many bytes [`Guest::gather`] and [`Guest::scatter`] offer of these buffers.
    pub(crate) fn offered(&self, buffers: &Buffers) -> usize {
        if self.is_shared() { buffers.len().min(AT_ONCE) } else { buffers.len() }
    }

    fn size(&self) -> usize {
        match &self.memory {
            Memory::Exclusive(memory) => memory.len(),
            Memory::Shared(memory) => memory.len(),
        }
    }

    #[inline(always)]
    fn check(&self, address: u32, length: u32) -> Result<(usize, usize), Errno> {
        let (start, length) = (address as usize, length as usize);
        match start.checked_add(length) {
            Some(end) if end <= self.size() => Ok((start, end)),
            _ => Err(Errno::FAULT),
        }
    }

    /// Checks that a range is in the memory.
    pub(crate) fn check_range(&self, address: u32, length: u32) -> Result<(), Errno> {
        self.check(address, length).map(|_| ())
    }

    /// The bytes at an address.
    #[inline(always)]
    pub fn bytes(&self, address: u32, length: u32) -> Result<Cow<'_, [u8]>, Errno> {
        let (start, end) = self.check(address, length)?;
        Ok(match &self.memory {
            Memory::Exclusive(memory) => Cow::Borrowed(&memory[start..end]),
            Memory::Shared(memory) => Cow::Owned(memory[start..end].iter().map(|byte| byte.load(Relaxed)).collect()),
        })
    }

    /// The string at an address.
    ///
    /// # Errors
    ///
    /// `ILSEQ` if it is not UTF-8.
    pub fn string(&self, address: u32, length: u32) -> Result<Cow<'_, str>, Errno> {
        match self.bytes(address, length)? {
            Cow::Borrowed(bytes) => std::str::from_utf8(bytes).map(Cow::Borrowed).map_err(|_| Errno::ILSEQ),
            Cow::Owned(bytes) => String::from_utf8(bytes).map(Cow::Owned).map_err(|_| Errno::ILSEQ),
        }
    }

    #[inline(always)]
    fn load<const N: usize>(&self, address: u32) -> Result<[u8; N], Errno> {
        let (start, end) = self.check(address, N as u32)?;
        let mut value = [0; N];
        match &self.memory {
            Memory::Exclusive(memory) => value.copy_from_slice(&memory[start..end]),
            Memory::Shared(memory) => {
                for (byte, from) in value.iter_mut().zip(&memory[start..end]) {
                    *byte = from.load(Relaxed);
                }
            }
        }
        Ok(value)
    }

    /// The byte at an address.
    pub fn read_u8(&self, address: u32) -> Result<u8, Errno> {
        self.load::<1>(address).map(|[byte]| byte)
    }

    /// The 16-bit number at an address.
    pub fn read_u16(&self, address: u32) -> Result<u16, Errno> {
        self.load(address).map(u16::from_le_bytes)
    }

    /// The 32-bit number at an address.
    pub fn read_u32(&self, address: u32) -> Result<u32, Errno> {
        self.load(address).map(u32::from_le_bytes)
    }

    /// The 64-bit number at an address.
    pub fn read_u64(&self, address: u32) -> Result<u64, Errno> {
        self.load(address).map(u64::from_le_bytes)
    }

    /// Stores bytes at an address.
    #[inline(always)]
    pub fn write(&mut self, address: u32, bytes: &[u8]) -> Result<(), Errno> {
        let length = u32::try_from(bytes.len()).map_err(|_| Errno::FAULT)?;
        let (start, end) = self.check(address, length)?;
        match &mut self.memory {
            Memory::Exclusive(memory) => memory[start..end].copy_from_slice(bytes),
            Memory::Shared(memory) => store(&memory[start..end], bytes),
        }
        Ok(())
    }

    /// Stores a 32-bit number at an address.
    #[inline(always)]
    pub fn write_u32(&mut self, address: u32, value: u32) -> Result<(), Errno> {
        self.write(address, &value.to_le_bytes())
    }

    /// Stores a 64-bit number at an address.
    #[inline(always)]
    pub fn write_u64(&mut self, address: u32, value: u64) -> Result<(), Errno> {
        self.write(address, &value.to_le_bytes())
    }

    /// Lets `fill` write to a place in the memory; it returns how many bytes it stored.
    #[inline(always)]
    pub(crate) fn fill(
        &mut self,
        address: u32,
        length: u32,
        fill: impl FnOnce(&mut [u8]) -> Result<usize, Errno>,
    ) -> Result<usize, Errno> {
        let (start, end) = self.check(address, length)?;
        match &mut self.memory {
            Memory::Exclusive(memory) => fill(&mut memory[start..end]),
            Memory::Shared(memory) => {
                let mut buffer = Vec::new();
                buffer.try_reserve_exact(end - start).map_err(|_| Errno::NOMEM)?;
                buffer.resize(end - start, 0);
                let count = fill(&mut buffer)?;
                store(&memory[start..end], &buffer[..count]);
                Ok(count)
            }
        }
    }

    /// Reads and checks an array of buffers.
    ///
    /// # Errors
    ///
    /// `FAULT` if the array or one of its buffers is outside; `INVAL` if there are too many, or more than 4 GiB in all.
    pub(crate) fn buffers(&self, array: u32, count: u32) -> Result<Buffers, Errno> {
        if count > MAX_BUFFERS {
            return Err(Errno::INVAL);
        }
        self.check(array, count * 8)?;
        let mut total = 0_u32;
        for index in 0..count {
            let (start, length) = self.load_range(array + index * 8)?;
            self.check(start, length)?;
            total = total.checked_add(length).ok_or(Errno::INVAL)?;
        }
        self.batch((array, count))
    }

    fn batch(&self, (mut array, mut left): (u32, u32)) -> Result<Buffers, Errno> {
        let mut buffers = Buffers { ranges: [(0, 0); BATCH], count: 0, rest: (0, 0) };
        while left > 0 && buffers.count < BATCH {
            let range = self.load_range(array)?;
            // Once more: with a shared memory it may be another than the one that was checked.
            self.check(range.0, range.1)?;
            if range.1 > 0 {
                buffers.ranges[buffers.count] = range;
                buffers.count += 1;
            }
            (array, left) = (array + 8, left - 1);
        }
        buffers.rest = (array, left);
        Ok(buffers)
    }

    /// Leaves out the first bytes of the buffers, and goes on to those behind them when nothing is left. False if there are none.
    pub(crate) fn go_on(&self, buffers: &mut Buffers, bytes: usize) -> Result<bool, Errno> {
        buffers.advance(bytes);
        if buffers.len() == 0 {
            *buffers = self.batch(buffers.rest)?;
        }
        Ok(buffers.count > 0)
    }

    /// Lets `write` take the data of the buffers, or of the first of them: see [`Guest::offered`].
    pub(crate) fn gather<R>(&self, buffers: &Buffers, write: impl FnOnce(&[IoSlice<'_>]) -> R) -> R {
        let ranges = &buffers.ranges[..buffers.count];
        match &self.memory {
            Memory::Exclusive(memory) => {
                let mut slices: [IoSlice<'_>; BATCH] = std::array::from_fn(|_| IoSlice::new(&[]));
                for (slice, &(start, length)) in slices.iter_mut().zip(ranges) {
                    *slice = IoSlice::new(&memory[start as usize..][..length as usize]);
                }
                write(&slices[..ranges.len()])
            }
            Memory::Shared(memory) => {
                let mut bytes = Vec::with_capacity(self.offered(buffers));
                for &(start, length) in ranges {
                    let length = (length as usize).min(AT_ONCE - bytes.len());
                    bytes.extend(memory[start as usize..][..length].iter().map(|byte| byte.load(Relaxed)));
                }
                write(&[IoSlice::new(&bytes)])
            }
        }
    }

    /// Lets `write` take the data of the one buffer of an array, and says whether it took all of it.
    #[inline(always)]
    pub(crate) fn gather_one(
        &self,
        array: u32,
        write: impl FnOnce(IoSlice<'_>) -> Result<usize, Errno>,
    ) -> Result<(usize, bool), Errno> {
        let (start, length) = self.load_range(array)?;
        let bytes = self.bytes(start, length)?;
        let written = write(IoSlice::new(&bytes))?;
        Ok((written, written == bytes.len()))
    }

    /// Lets `read` fill the one buffer of an array; it returns how many bytes it stored.
    #[inline(always)]
    pub(crate) fn scatter_one(
        &mut self,
        array: u32,
        read: impl FnOnce(IoSliceMut<'_>) -> Result<usize, Errno>,
    ) -> Result<usize, Errno> {
        let (start, length) = self.load_range(array)?;
        self.fill(start, length, |bytes| read(IoSliceMut::new(bytes)))
    }

    /// An element of an array of buffers.
    #[inline(always)]
    fn load_range(&self, element: u32) -> Result<(u32, u32), Errno> {
        let range = self.read_u64(element)?;
        Ok((range as u32, (range >> 32) as u32))
    }

    /// Lets `read` fill the buffers, or the first of them: see [`Guest::offered`]. It returns how many bytes it stored.
    pub(crate) fn scatter<E>(
        &mut self,
        buffers: &Buffers,
        read: impl FnOnce(&mut [IoSliceMut<'_>]) -> Result<usize, E>,
    ) -> Result<usize, E> {
        let offered = self.offered(buffers);
        match &mut self.memory {
            Memory::Exclusive(memory) => {
                let mut slices: [IoSliceMut<'_>; BATCH] = std::array::from_fn(|_| IoSliceMut::new(&mut []));
                let count = split(memory, &buffers.ranges[..buffers.count], &mut slices);
                read(&mut slices[..count])
            }
            Memory::Shared(memory) => {
                let mut bytes = vec![0; offered];
                let count = read(&mut [IoSliceMut::new(&mut bytes)])?;
                let mut rest = &bytes[..count];
                for &(start, length) in &buffers.ranges[..buffers.count] {
                    let (now, later) = rest.split_at(rest.len().min(length as usize));
                    store(&memory[start as usize..][..now.len()], now);
                    rest = later;
                }
                Ok(count)
            }
        }
    }
}

fn store(to: &[AtomicU8], bytes: &[u8]) {
    for (to, &byte) in to.iter().zip(bytes) {
        to.store(byte, Relaxed);
    }
}

/// Cuts the ranges out of the memory, in their order. Buffers from the first on that overlaps another are left out:
/// the program reads less than it asked for.
fn split<'m>(memory: &'m mut [u8], ranges: &[(u32, u32)], slices: &mut [IoSliceMut<'m>; BATCH]) -> usize {
    let apart = |one: &(u32, u32), other: &(u32, u32)| {
        u64::from(one.0) + u64::from(one.1) <= u64::from(other.0)
            || u64::from(other.0) + u64::from(other.1) <= u64::from(one.0)
    };
    let count = (1..ranges.len())
        .find(|&index| !ranges[..index].iter().all(|range| apart(range, &ranges[index])))
        .unwrap_or(ranges.len());
    let mut order: [u8; BATCH] = std::array::from_fn(|index| index as u8);
    let order = &mut order[..count];
    order.sort_unstable_by_key(|&index| ranges[usize::from(index)].0);
    let (mut rest, mut position) = (memory, 0);
    for &index in order.iter() {
        let (start, length) = (ranges[usize::from(index)].0 as usize, ranges[usize::from(index)].1 as usize);
        let (slice, later) = rest.split_at_mut(start - position).1.split_at_mut(length);
        slices[usize::from(index)] = IoSliceMut::new(slice);
        (rest, position) = (later, start + length);
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;

    fn iovecs(memory: &mut [u8], entries: &[(u32, u32)]) {
        for (index, &(start, length)) in entries.iter().enumerate() {
            memory[index * 8..][..4].copy_from_slice(&start.to_le_bytes());
            memory[index * 8 + 4..][..4].copy_from_slice(&length.to_le_bytes());
        }
    }

    fn read_into(guest: &mut Guest<'_>, count: u32, data: &[u8]) -> usize {
        let buffers = guest.buffers(0, count).unwrap();
        guest
            .scatter(&buffers, |slices| {
                let mut rest = data;
                for slice in slices {
                    let now = rest.len().min(slice.len());
                    slice[..now].copy_from_slice(&rest[..now]);
                    rest = &rest[now..];
                }
                Ok::<_, Errno>(data.len() - rest.len())
            })
            .unwrap()
    }

    #[test]
    fn buffers_are_filled_in_their_order_wherever_they_are() {
        let mut memory = vec![0; 256];
        iovecs(&mut memory, &[(200, 2), (100, 3), (110, 0), (50, 4)]);
        assert_eq!(read_into(&mut Guest::new(&mut memory), 4, b"abcdefghij"), 9);
        assert_eq!((&memory[200..202], &memory[100..103], &memory[50..54]), (&b"ab"[..], &b"cde"[..], &b"fghi"[..]));
    }

    #[test]
    fn overlapping_buffers_end_the_read_early() {
        let mut memory = vec![0; 256];
        iovecs(&mut memory, &[(100, 4), (102, 4)]);
        assert_eq!(read_into(&mut Guest::new(&mut memory), 2, b"abcdefgh"), 4);
        assert_eq!(&memory[100..106], b"abcd\0\0");
    }

    #[test]
    fn shared_memories_have_the_same_bytes() {
        let mut memory = vec![0; 256];
        iovecs(&mut memory, &[(200, 2), (100, 3)]);
        let shared: Vec<AtomicU8> = memory.into_iter().map(AtomicU8::new).collect();
        let mut guest = Guest::shared(&shared);
        assert_eq!(read_into(&mut guest, 2, b"abcdef"), 5);
        assert_eq!((&*guest.bytes(200, 2).unwrap(), &*guest.bytes(100, 3).unwrap()), (&b"ab"[..], &b"cde"[..]));
        let mut buffers = guest.buffers(0, 2).unwrap();
        buffers.advance(1);
        guest.gather(&buffers, |slices| assert_eq!(&*slices[0], b"bcde"));
    }

    #[test]
    fn what_is_outside_faults() {
        let mut memory = vec![0; 64];
        iovecs(&mut memory, &[(60, 5)]);
        let mut guest = Guest::new(&mut memory);
        assert_eq!(guest.buffers(0, 1).err(), Some(Errno::FAULT));
        assert_eq!(guest.buffers(60, 1).err(), Some(Errno::FAULT));
        assert_eq!(guest.buffers(u32::MAX, 1).err(), Some(Errno::FAULT));
        assert_eq!(guest.read_u32(61), Err(Errno::FAULT));
        assert_eq!(guest.write_u64(u32::MAX - 3, 1), Err(Errno::FAULT));
        assert_eq!(guest.bytes(64, 0).map(|bytes| bytes.len()), Ok(0));
    }
}
