//! Globals that can be referred to from outside their instance.

use std::ptr::NonNull;

use gantry_abi::vmctx::VMGlobal;
use gantry_module::GlobalType;

use crate::store::InstanceId;

/// Whose memory a global's value lies in.
#[derive(Debug)]
pub(crate) enum Place {
    /// Its own.
    Own(Box<VMGlobal>),
    /// The vmctx of the instance that defines it.
    Instance { instance: InstanceId, at: NonNull<VMGlobal> },
}

/// A global.
#[derive(Debug)]
pub struct Global {
    pub(crate) ty: GlobalType,
    pub(crate) place: Place,
}

impl Global {
    /// Its type.
    pub fn ty(&self) -> GlobalType {
        self.ty
    }

    /// Where its value is.
    pub fn pointer(&self) -> NonNull<VMGlobal> {
        match &self.place {
            Place::Own(value) => NonNull::from(&**value),
            Place::Instance { at, .. } => *at,
        }
    }

    /// Its value.
    pub fn get(&self) -> VMGlobal {
        // SAFETY: own memory, or that of an instance that this keeps alive; code runs only under `&mut Store`.
        unsafe { self.pointer().read() }
    }

    /// Replaces its value, which must suit its type.
    pub fn set(&mut self, value: VMGlobal) {
        let at = match &mut self.place {
            Place::Own(own) => NonNull::from(&mut **own),
            Place::Instance { at, .. } => *at,
        };
        // SAFETY: as in `get`.
        unsafe { at.write(value) };
    }
}
