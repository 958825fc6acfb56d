//! The functions that the generated bindings call. They are few, and here, so that a plugin needs no crate of others.
#![expect(unsafe_code, reason = "memory that crosses the boundary of a component has raw pointers")]

use std::alloc::{Layout, alloc, dealloc, handle_alloc_error};
use std::ptr::{self, NonNull};

/// Memory of a call's parameters, which is freed when the call has returned.
pub struct Cleanup {
    start: NonNull<u8>,
    layout: Layout,
}

impl Cleanup {
    /// Allocates memory of this layout; without a size there is none.
    pub fn new(layout: Layout) -> (*mut u8, Option<Self>) {
        if layout.size() == 0 {
            return (ptr::null_mut(), None);
        }
        // SAFETY: the size is not 0.
        match NonNull::new(unsafe { alloc(layout) }) {
            Some(start) => (start.as_ptr(), Some(Self { start, layout })),
            None => handle_alloc_error(layout),
        }
    }

    /// Leaves the memory to the owner of its address.
    pub fn forget(self) {
        std::mem::forget(self);
    }
}

impl Drop for Cleanup {
    fn drop(&mut self) {
        // SAFETY: `new` allocated the memory with this layout.
        unsafe { dealloc(self.start.as_ptr(), self.layout) }
    }
}

/// A resource that a component exports, and the form in which its memory holds it.
pub trait Resource: Sized + 'static {
    /// The form in memory.
    type Rep: ResourceRep<Self>;
}

impl<T: 'static> Resource for T {
    type Rep = Option<T>;
}

/// The form of an exported resource in memory.
///
/// # Safety
/// `rep_take` moves the value out, so that freeing the memory later does not drop it again.
pub unsafe trait ResourceRep<T> {
    /// Returns the form of a value.
    fn rep_new(inner: T) -> Self;
    /// Returns the value.
    ///
    /// # Safety
    /// The pointer is to a form that was not taken, and nothing changes it meanwhile.
    unsafe fn rep_as_ref<'a>(rep: *const Self) -> &'a T;
    /// Returns the value, to be changed.
    ///
    /// # Safety
    /// As above, and there is no other reference.
    unsafe fn rep_as_mut<'a>(rep: *mut Self) -> &'a mut T;
    /// Takes the value out.
    ///
    /// # Safety
    /// As above; this is called once, and last.
    unsafe fn rep_take(rep: *mut Self) -> T;
}

/// The message if the host uses a resource that it has dropped, which the component model excludes.
const GONE: &str = "the resource is gone";

// SAFETY: `Option::take` moves the value out.
unsafe impl<T> ResourceRep<T> for Option<T> {
    fn rep_new(inner: T) -> Self {
        Some(inner)
    }

    unsafe fn rep_as_ref<'a>(rep: *const Self) -> &'a T {
        // SAFETY: the caller's promise.
        unsafe { &*rep }.as_ref().expect(GONE)
    }

    unsafe fn rep_as_mut<'a>(rep: *mut Self) -> &'a mut T {
        // SAFETY: the caller's promise.
        unsafe { &mut *rep }.as_mut().expect(GONE)
    }

    unsafe fn rep_take(rep: *mut Self) -> T {
        // SAFETY: the caller's promise.
        unsafe { &mut *rep }.take().expect(GONE)
    }
}

/// Runs the static constructors of the module before its first export. A linker that finds no call of them would run
/// them before every export.
#[cfg(target_arch = "wasm32")]
pub fn run_ctors_once() {
    use std::sync::atomic::{AtomicBool, Ordering};
    static HAVE_RUN: AtomicBool = AtomicBool::new(false);
    unsafe extern "C" {
        fn __wasm_call_ctors();
    }
    if !HAVE_RUN.swap(true, Ordering::Relaxed) {
        // SAFETY: the linker makes this function, and it is called once.
        unsafe { __wasm_call_ctors() }
    }
}

/// Keeps `cabi_realloc` in the module: with it the host allocates the memory of results. The C library of `wasm32-wasip2`
/// has this function; for `wasm32-wasip1` it is here.
pub fn maybe_link_cabi_realloc() {
    #[cfg(all(target_arch = "wasm32", not(target_env = "p2")))]
    {
        #[used]
        static LINKED: unsafe extern "C" fn(*mut u8, usize, usize, usize) -> *mut u8 = cabi_realloc;
    }
}

/// # Safety
/// As the component model has it: `old` is null, or memory of `old_size` bytes from an earlier call.
#[cfg(all(target_arch = "wasm32", not(target_env = "p2")))]
#[unsafe(no_mangle)]
unsafe extern "C" fn cabi_realloc(old: *mut u8, old_size: usize, align: usize, new_size: usize) -> *mut u8 {
    if new_size == 0 {
        return ptr::without_provenance_mut(align);
    }
    // SAFETY: the alignment is that of a type, and the sizes are those of memory; `old` is the caller's promise.
    unsafe {
        let start = if old_size == 0 {
            alloc(Layout::from_size_align_unchecked(new_size, align))
        } else {
            std::alloc::realloc(old, Layout::from_size_align_unchecked(old_size, align), new_size)
        };
        if start.is_null() { handle_alloc_error(Layout::from_size_align_unchecked(new_size, align)) } else { start }
    }
}
