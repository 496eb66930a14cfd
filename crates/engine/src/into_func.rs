//! Closures as host functions.

use gantry_module::FuncType;

use crate::store::AsStoreMut;
use crate::typed::{WasmList, WasmValue};
use crate::{Caller, Error, Func};

/// What a closure may return: results, or a `Result` of them.
pub trait IntoResults {
    /// The results.
    type Results: WasmList;
    /// The results, or the error to leave wasm with.
    fn into_results(self) -> Result<Self::Results, Error>;
}

impl<T: WasmList> IntoResults for T {
    type Results = T;

    fn into_results(self) -> Result<T, Error> {
        Ok(self)
    }
}

impl<T: WasmList> IntoResults for Result<T, Error> {
    type Results = T;

    fn into_results(self) -> Result<T, Error> {
        self
    }
}

/// A closure that can be a host function: takes up to eight scalars, optionally after a [`Caller`].
pub trait IntoFunc<Params, Results> {
    /// Makes the function.
    fn into_func(self, store: &mut impl AsStoreMut) -> Result<Func, Error>;
}

/// Marks closures that take a [`Caller`] first.
#[derive(Debug)]
pub struct WithCaller<Params>(std::marker::PhantomData<Params>);

macro_rules! into_funcs {
    ($(($($name:ident $arg:ident)*))*) => {
        $(
            impl<Closure, R, $($name: WasmValue),*> IntoFunc<($($name,)*), R> for Closure
            where
                Closure: Fn($($name),*) -> R + 'static,
                R: IntoResults,
            {
                fn into_func(self, store: &mut impl AsStoreMut) -> Result<Func, Error> {
                    (move |_: &mut Caller<'_>, $($arg: $name),*| self($($arg),*)).into_func(store)
                }
            }

            impl<Closure, R, $($name: WasmValue),*> IntoFunc<WithCaller<($($name,)*)>, R> for Closure
            where
                Closure: Fn(&mut Caller<'_>, $($name),*) -> R + 'static,
                R: IntoResults,
            {
                fn into_func(self, store: &mut impl AsStoreMut) -> Result<Func, Error> {
                    let ty = FuncType::new(<($($name,)*)>::types(), R::Results::types());
                    let id = gantry_runtime::func_type_id(&ty);
                    Func::with_slots(store, ty, id, move |caller, slots| {
                        let ($($arg,)*) = <($($name,)*)>::load(slots);
                        self(caller, $($arg),*).into_results()?.store(slots);
                        Ok(())
                    })
                }
            }
        )*
    };
}

into_funcs! {
    ()
    (A a)
    (A a B b)
    (A a B b C c)
    (A a B b C c D d)
    (A a B b C c D d E e)
    (A a B b C c D d E e F f)
    (A a B b C c D d E e F f G g)
    (A a B b C c D d E e F f G g H h)
}
