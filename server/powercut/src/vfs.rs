//! The VFS that SQLite calls: hands everything to the platform's own and notes what concerns the disk.
//!
//! The only file with unsafe code. What it relies on is what SQLite promises a VFS
//! (<https://www.sqlite.org/c3ref/vfs.html>, <https://www.sqlite.org/c3ref/io_methods.html>): a
//! registered `sqlite3_vfs` is passed back as it is; `xOpen` gets `szOsFile` bytes, aligned, that stay
//! where they are until `xClose`; the other methods are called in between only, and with pointers that
//! are valid for the call. Nothing here panics.

use std::ffi::{CStr, CString, c_char, c_int, c_void};
use std::path::Path;
use std::ptr;
use std::sync::Arc;

use libsqlite3_sys::{
    SQLITE_CANTOPEN, SQLITE_ERROR, SQLITE_IOCAP_POWERSAFE_OVERWRITE, SQLITE_IOCAP_SUBPAGE_READ,
    SQLITE_IOERR_SHMLOCK, SQLITE_IOERR_SHMMAP, SQLITE_NOTFOUND, SQLITE_OK, SQLITE_OPEN_MAIN_DB,
    SQLITE_OPEN_MAIN_JOURNAL, SQLITE_OPEN_WAL, sqlite3_file, sqlite3_int64, sqlite3_io_methods,
    sqlite3_vfs, sqlite3_vfs_find, sqlite3_vfs_register,
};
use parking_lot::Mutex;

use crate::record::{FileId, Kind, Record};
use crate::trouble::{Change, Trouble};

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("SQLite has no VFS of the platform to stand on")]
    NoPlatform,
    #[error("SQLite did not accept the VFS: result code {0}")]
    Refused(i32),
}

/// What `pAppData` of the VFS points to.
struct App {
    platform: *mut sqlite3_vfs,
    record: Arc<Mutex<Record>>,
    trouble: Arc<Mutex<Trouble>>,
}

/// What SQLite takes for its file; the platform's file follows in the same piece of memory.
#[repr(C)]
struct Shim {
    /// First, because this is all that SQLite sees.
    file: sqlite3_file,
    app: *const App,
    /// `None` for temporary files, which nobody looks for after a power cut.
    recorded: Option<FileId>,
}

/// Makes the VFS known to SQLite under `name`, for good.
pub(crate) fn register(
    name: &str,
    record: Arc<Mutex<Record>>,
    trouble: Arc<Mutex<Trouble>>,
) -> Result<(), Error> {
    // SAFETY: a null name asks for the default VFS.
    let platform = unsafe { sqlite3_vfs_find(ptr::null()) };
    if platform.is_null() {
        return Err(Error::NoPlatform);
    }
    // SAFETY: it is not null, and the platform's VFS is never taken away.
    let (file_size, longest_path) = unsafe { ((*platform).szOsFile, (*platform).mxPathname) };
    let shim_size = c_int::try_from(size_of::<Shim>()).map_err(|_| Error::NoPlatform)?;
    let name = CString::new(name).map_err(|_| Error::NoPlatform)?;
    let app = Box::new(App {
        platform,
        record,
        trouble,
    });
    let vfs = Box::new(sqlite3_vfs {
        iVersion: 1,
        szOsFile: shim_size + file_size,
        mxPathname: longest_path,
        pNext: ptr::null_mut(),
        // From here on these belong to SQLite.
        zName: name.into_raw(),
        pAppData: Box::into_raw(app).cast(),
        xOpen: Some(open),
        xDelete: Some(delete),
        xAccess: Some(access),
        xFullPathname: Some(full_pathname),
        // Extensions are loaded by nobody here.
        xDlOpen: None,
        xDlError: None,
        xDlSym: None,
        xDlClose: None,
        xRandomness: Some(randomness),
        xSleep: Some(sleep),
        xCurrentTime: Some(current_time),
        xGetLastError: Some(last_error),
        // Of later versions.
        xCurrentTimeInt64: None,
        xSetSystemCall: None,
        xGetSystemCall: None,
        xNextSystemCall: None,
    });
    // SAFETY: the VFS and what it points to are never freed.
    match unsafe { sqlite3_vfs_register(Box::into_raw(vfs), 0) } {
        SQLITE_OK => Ok(()),
        code => Err(Error::Refused(code)),
    }
}

/// The methods of every file. Version 2: shared memory, and no memory-mapped reading.
static METHODS: sqlite3_io_methods = sqlite3_io_methods {
    iVersion: 2,
    xClose: Some(close),
    xRead: Some(read),
    xWrite: Some(write),
    xTruncate: Some(truncate),
    xSync: Some(sync),
    xFileSize: Some(file_size),
    xLock: Some(lock),
    xUnlock: Some(unlock),
    xCheckReservedLock: Some(check_reserved_lock),
    xFileControl: Some(file_control),
    xSectorSize: Some(sector_size),
    xDeviceCharacteristics: Some(device_characteristics),
    xShmMap: Some(shm_map),
    xShmLock: Some(shm_lock),
    xShmBarrier: Some(shm_barrier),
    xShmUnmap: Some(shm_unmap),
    xFetch: None,
    xUnfetch: None,
};

/// # Safety
/// `vfs` is one that [`register`] made.
unsafe fn app_of<'a>(vfs: *mut sqlite3_vfs) -> &'a App {
    // SAFETY: `pAppData` was set by `register`, is never freed and never changed.
    unsafe { &*(*vfs).pAppData.cast::<App>() }
}

/// # Safety
/// `file` is memory that SQLite gave to [`open`].
unsafe fn platform_file(file: *mut sqlite3_file) -> *mut sqlite3_file {
    // SAFETY: `szOsFile` asked for the shim and the platform's file behind it. The shim's size is a
    // multiple of its alignment, which is a pointer's, as is that of the platform's file.
    unsafe { file.cast::<Shim>().add(1).cast() }
}

/// The record, and the number of the file if it is recorded.
///
/// # Safety
/// `file` was opened by [`open`] and is not closed.
unsafe fn recorded<'a>(file: *mut sqlite3_file) -> Option<(&'a Mutex<Record>, FileId)> {
    // SAFETY: `open` filled the shim; what `app` points to is never freed.
    unsafe {
        let shim = file.cast::<Shim>();
        (*shim).recorded.map(|id| (&*(*(*shim).app).record, id))
    }
}

/// The result code with which a change to a recorded file fails, if it does.
///
/// # Safety
/// As [`recorded`].
unsafe fn struck(file: *mut sqlite3_file, change: Change) -> Option<c_int> {
    // SAFETY: as in `recorded`.
    unsafe {
        let shim = file.cast::<Shim>();
        (*shim).recorded?;
        (*(*shim).app).trouble.lock().strikes(change)
    }
}

/// The last part of a path.
///
/// # Safety
/// `path` is null or a string that ends with a zero.
unsafe fn name_in_folder(path: *const c_char) -> Option<String> {
    if path.is_null() {
        return None;
    }
    // SAFETY: it is a string.
    let path = unsafe { CStr::from_ptr(path) }.to_string_lossy();
    let name = Path::new(&*path).file_name()?;
    Some(name.to_string_lossy().into_owned())
}

/// Hands a call to the platform's VFS.
macro_rules! hand_to_vfs {
    ($($name:ident = $method:ident($($arg:ident: $type:ty),*);)*) => {$(
        unsafe extern "C" fn $name(vfs: *mut sqlite3_vfs, $($arg: $type),*) -> c_int {
            // SAFETY: SQLite passes our VFS, and what the platform's method asks for.
            unsafe {
                let platform = app_of(vfs).platform;
                (*platform).$method.map_or(SQLITE_ERROR, |method| method(platform, $($arg),*))
            }
        }
    )*};
}

hand_to_vfs! {
    access = xAccess(path: *const c_char, flags: c_int, answer: *mut c_int);
    full_pathname = xFullPathname(path: *const c_char, size: c_int, full: *mut c_char);
    randomness = xRandomness(size: c_int, bytes: *mut c_char);
    sleep = xSleep(microseconds: c_int);
    current_time = xCurrentTime(julian_day: *mut f64);
    last_error = xGetLastError(size: c_int, text: *mut c_char);
}

/// Hands a call to the platform's file; the last value is the answer if it has no such method.
macro_rules! hand_to_file {
    ($($name:ident = $method:ident($($arg:ident: $type:ty),*) or $missing:expr;)*) => {$(
        unsafe extern "C" fn $name(file: *mut sqlite3_file, $($arg: $type),*) -> c_int {
            // SAFETY: SQLite passes a file that `open` opened, and what the platform's method asks for.
            unsafe {
                let file = platform_file(file);
                (*(*file).pMethods).$method.map_or($missing, |method| method(file, $($arg),*))
            }
        }
    )*};
}

hand_to_file! {
    close = xClose() or SQLITE_OK;
    read = xRead(bytes: *mut c_void, size: c_int, offset: sqlite3_int64) or SQLITE_ERROR;
    platform_write = xWrite(bytes: *const c_void, size: c_int, offset: sqlite3_int64) or SQLITE_ERROR;
    platform_truncate = xTruncate(size: sqlite3_int64) or SQLITE_ERROR;
    platform_sync = xSync(flags: c_int) or SQLITE_ERROR;
    file_size = xFileSize(size: *mut sqlite3_int64) or SQLITE_ERROR;
    lock = xLock(level: c_int) or SQLITE_ERROR;
    unlock = xUnlock(level: c_int) or SQLITE_ERROR;
    check_reserved_lock = xCheckReservedLock(answer: *mut c_int) or SQLITE_ERROR;
    file_control = xFileControl(what: c_int, argument: *mut c_void) or SQLITE_NOTFOUND;
    sector_size = xSectorSize() or 0;
    platform_characteristics = xDeviceCharacteristics() or 0;
    shm_map = xShmMap(page: c_int, size: c_int, extend: c_int, memory: *mut *mut c_void)
        or SQLITE_IOERR_SHMMAP;
    shm_lock = xShmLock(offset: c_int, count: c_int, flags: c_int) or SQLITE_IOERR_SHMLOCK;
    shm_unmap = xShmUnmap(delete: c_int) or SQLITE_OK;
}

unsafe extern "C" fn shm_barrier(file: *mut sqlite3_file) {
    // SAFETY: SQLite passes a file that `open` opened.
    unsafe {
        let file = platform_file(file);
        if let Some(method) = (*(*file).pMethods).xShmBarrier {
            method(file);
        }
    }
}

/// Only what the disk of this crate keeps to, or what has nothing to do with writing: no promise of
/// atomic or ordered writes.
unsafe extern "C" fn device_characteristics(file: *mut sqlite3_file) -> c_int {
    // SAFETY: SQLite passes a file that `open` opened.
    let all = unsafe { platform_characteristics(file) };
    all & (SQLITE_IOCAP_POWERSAFE_OVERWRITE | SQLITE_IOCAP_SUBPAGE_READ)
}

unsafe extern "C" fn open(
    vfs: *mut sqlite3_vfs,
    path: *const c_char,
    file: *mut sqlite3_file,
    flags: c_int,
    flags_out: *mut c_int,
) -> c_int {
    // SAFETY: SQLite passes our VFS, `szOsFile` bytes for the file, and what the platform's method asks
    // for. The path goes on as the same pointer: SQLite has hidden parameters behind it.
    unsafe {
        let app = app_of(vfs);
        let inner = platform_file(file);
        let shim = file.cast::<Shim>();
        shim.write(Shim {
            // Without methods it is not closed.
            file: sqlite3_file {
                pMethods: ptr::null(),
            },
            app,
            recorded: None,
        });
        (*inner).pMethods = ptr::null();
        let Some(method) = (*app.platform).xOpen else {
            return SQLITE_CANTOPEN;
        };
        let code = method(app.platform, path, inner, flags, flags_out);
        if (*inner).pMethods.is_null() {
            return code;
        }
        (*shim).file.pMethods = &METHODS;
        let kind = if flags & SQLITE_OPEN_MAIN_DB != 0 {
            Some(Kind::Main)
        } else if flags & (SQLITE_OPEN_MAIN_JOURNAL | SQLITE_OPEN_WAL) != 0 {
            Some(Kind::Journal)
        } else {
            None
        };
        if code == SQLITE_OK
            && let Some(kind) = kind
            && let Some(name) = name_in_folder(path)
        {
            (*shim).recorded = Some(app.record.lock().open(&name, kind));
        }
        code
    }
}

/// SQLite deletes journals only while nobody else may open them.
unsafe extern "C" fn delete(vfs: *mut sqlite3_vfs, path: *const c_char, synced: c_int) -> c_int {
    // SAFETY: SQLite passes our VFS and a string.
    unsafe {
        let app = app_of(vfs);
        let Some(method) = (*app.platform).xDelete else {
            return SQLITE_ERROR;
        };
        let code = method(app.platform, path, synced);
        if code == SQLITE_OK
            && let Some(name) = name_in_folder(path)
        {
            app.record.lock().delete(&name, synced != 0);
        }
        code
    }
}

unsafe extern "C" fn write(
    file: *mut sqlite3_file,
    bytes: *const c_void,
    size: c_int,
    offset: sqlite3_int64,
) -> c_int {
    // SAFETY: SQLite passes a file that `open` opened and `size` bytes.
    unsafe {
        if let Some(code) = struck(file, Change::Write) {
            return code;
        }
        let code = platform_write(file, bytes, size, offset);
        if code == SQLITE_OK
            && let Some((record, id)) = recorded(file)
            && let (Ok(size), Ok(offset)) = (usize::try_from(size), usize::try_from(offset))
        {
            let bytes = std::slice::from_raw_parts(bytes.cast::<u8>(), size);
            record.lock().write(id, offset, bytes);
        }
        code
    }
}

unsafe extern "C" fn truncate(file: *mut sqlite3_file, size: sqlite3_int64) -> c_int {
    // SAFETY: SQLite passes a file that `open` opened.
    unsafe {
        if let Some(code) = struck(file, Change::Truncate) {
            return code;
        }
        let code = platform_truncate(file, size);
        if code == SQLITE_OK
            && let Some((record, id)) = recorded(file)
            && let Ok(size) = usize::try_from(size)
        {
            record.lock().truncate(id, size);
        }
        code
    }
}

unsafe extern "C" fn sync(file: *mut sqlite3_file, flags: c_int) -> c_int {
    // SAFETY: SQLite passes a file that `open` opened.
    unsafe {
        let Some((record, id)) = recorded(file) else {
            return platform_sync(file, flags);
        };
        if let Some(code) = struck(file, Change::Sync) {
            return code;
        }
        let covers = record.lock().operations.len();
        let code = platform_sync(file, flags);
        if code == SQLITE_OK {
            record.lock().sync(id, covers);
        }
        code
    }
}
