//! Functions whose types are known at compile time.

use std::marker::PhantomData;

use gantry_module::{FuncType, ValType};

use crate::func::call_slots;
use crate::store::{AsStoreMut, check};
use crate::{Error, Func};

/// A Rust type that is a wasm scalar.
pub trait WasmValue: Copy + 'static {
    /// The wasm type.
    const TYPE: ValType;
    /// Its bits, in the lowest bytes.
    fn to_bits(self) -> u128;
    /// From bits.
    fn from_bits(bits: u128) -> Self;
}

macro_rules! wasm_values {
    ($($rust:ident $wasm:ident |$value:ident| $to:expr, |$bits:ident| $from:expr;)*) => {
        $(impl WasmValue for $rust {
            const TYPE: ValType = ValType::$wasm;
            fn to_bits(self) -> u128 {
                let $value = self;
                $to
            }
            fn from_bits($bits: u128) -> Self {
                $from
            }
        })*
    };
}

wasm_values! {
    i32 I32 |v| u128::from(v as u32), |b| b as i32;
    u32 I32 |v| u128::from(v), |b| b as u32;
    i64 I64 |v| u128::from(v as u64), |b| b as i64;
    u64 I64 |v| u128::from(v), |b| b as u64;
    f32 F32 |v| u128::from(f32::to_bits(v)), |b| f32::from_bits(b as u32);
    f64 F64 |v| u128::from(f64::to_bits(v)), |b| f64::from_bits(b as u64);
    u128 V128 |v| v, |b| b;
}

/// Parameters or results: a scalar, a tuple of them, or `()`.
pub trait WasmList: Sized + 'static {
    /// How many there are.
    const LEN: usize;
    /// Their wasm types.
    fn types() -> Box<[ValType]>;
    /// Writes their bits to slots.
    fn store(self, slots: &mut [u128]);
    /// Reads them from slots.
    fn load(slots: &[u128]) -> Self;
}

impl<T: WasmValue> WasmList for T {
    const LEN: usize = 1;

    fn types() -> Box<[ValType]> {
        [T::TYPE].into()
    }

    fn store(self, slots: &mut [u128]) {
        slots[0] = self.to_bits();
    }

    fn load(slots: &[u128]) -> Self {
        T::from_bits(slots[0])
    }
}

macro_rules! wasm_tuples {
    ($(($($name:ident $index:tt)*))*) => {
        $(impl<$($name: WasmValue),*> WasmList for ($($name,)*) {
            const LEN: usize = 0 $(+ { let _: PhantomData<$name>; 1 })*;

            fn types() -> Box<[ValType]> {
                [$($name::TYPE),*].into()
            }

            fn store(self, slots: &mut [u128]) {
                $(slots[$index] = self.$index.to_bits();)*
            }

            fn load(slots: &[u128]) -> Self {
                ($($name::from_bits(slots[$index]),)*)
            }
        })*
    };
}

impl WasmList for () {
    const LEN: usize = 0;

    fn types() -> Box<[ValType]> {
        [].into()
    }

    fn store(self, _slots: &mut [u128]) {}

    fn load(_slots: &[u128]) -> Self {}
}

wasm_tuples! {
    (A 0)
    (A 0 B 1)
    (A 0 B 1 C 2)
    (A 0 B 1 C 2 D 3)
    (A 0 B 1 C 2 D 3 E 4)
    (A 0 B 1 C 2 D 3 E 4 F 5)
    (A 0 B 1 C 2 D 3 E 4 F 5 G 6)
    (A 0 B 1 C 2 D 3 E 4 F 5 G 6 H 7)
}

/// Parameters or results that fit on the stack of a call.
const MAX_LEN: usize = 8;

/// A function whose type was checked once.
#[derive(Debug, Clone)]
pub struct TypedFunc<Params, Results> {
    func: Func,
    types: PhantomData<fn(Params) -> Results>,
}

impl<Params: WasmList, Results: WasmList> TypedFunc<Params, Results> {
    /// Calls it.
    ///
    /// # Errors
    /// As [`Func::call`].
    pub fn call(&self, store: &mut impl AsStoreMut, params: Params) -> Result<Results, Error> {
        check(store, self.func.root())?;
        let mut slots = [0; MAX_LEN];
        params.store(&mut slots);
        call_slots(store, self.func.pointer(), &mut slots)?;
        Ok(Results::load(&slots))
    }

    /// The function.
    pub fn func(&self) -> &Func {
        &self.func
    }
}

impl Func {
    /// The function with its types known.
    ///
    /// # Errors
    /// When they are not these.
    pub fn typed<Params: WasmList, Results: WasmList>(
        &self,
        store: &impl crate::AsStore,
    ) -> Result<TypedFunc<Params, Results>, Error> {
        check(store, self.root())?;
        let wanted = FuncType::new(Params::types(), Results::types());
        let actual = self.ty(store);
        match actual == wanted {
            true => Ok(TypedFunc { func: self.clone(), types: PhantomData }),
            false => Err(Error::usage(format!("the function's type is {actual}, not {wanted}"))),
        }
    }
}
