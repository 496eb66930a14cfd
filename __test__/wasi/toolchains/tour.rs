//! What Rust's standard library makes of the system interface: files, directories, time, arguments, standard streams.

use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead, ErrorKind, Read, Seek, SeekFrom, Write};
use std::time::{Duration, Instant, SystemTime};

fn files() -> io::Result<()> {
    fs::write("file.txt", "one\ntwo\n")?;
    let mut file = OpenOptions::new().append(true).read(true).open("file.txt")?;
    file.write_all(b"three\n")?;
    file.seek(SeekFrom::Start(4))?;
    let mut text = String::new();
    file.read_to_string(&mut text)?;
    assert_eq!(text, "two\nthree\n");
    file.set_len(8)?;
    file.sync_all()?;
    let metadata = fs::metadata("file.txt")?;
    assert!(metadata.is_file() && metadata.len() == 8);
    assert!(metadata.modified()?.duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs() > 1_700_000_000);
    assert_eq!(OpenOptions::new().write(true).create_new(true).open("file.txt").unwrap_err().kind(), ErrorKind::AlreadyExists);
    assert_eq!(File::open("none").unwrap_err().kind(), ErrorKind::NotFound);
    assert!(File::open("../outside").is_err() && File::open("/etc/passwd").is_err());
    fs::copy("file.txt", "copy.txt")?;
    fs::rename("copy.txt", "moved.txt")?;
    fs::hard_link("moved.txt", "linked.txt")?;
    assert_eq!(fs::read_to_string("linked.txt")?, "one\ntwo\n");
    for name in ["file.txt", "moved.txt", "linked.txt"] {
        fs::remove_file(name)?;
    }
    Ok(())
}

fn directories() -> io::Result<()> {
    fs::create_dir_all("tree/a/b")?;
    for number in 0..200 {
        fs::write(format!("tree/a/{number}"), [0; 10])?;
    }
    let names: BTreeSet<_> = fs::read_dir("tree/a")?.map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names.len(), 201);
    let folders = fs::read_dir("tree/a")?.filter(|entry| entry.as_ref().unwrap().file_type().unwrap().is_dir()).count();
    assert_eq!(folders, 1);
    assert!(fs::remove_dir("tree").is_err());
    fs::remove_dir_all("tree")?;
    assert!(fs::metadata("tree").is_err());
    Ok(())
}

fn main() -> io::Result<()> {
    files()?;
    directories()?;
    let begin = Instant::now();
    std::thread::sleep(Duration::from_millis(20));
    assert!(begin.elapsed() >= Duration::from_millis(20));
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    println!("{:?} {:?}", arguments, std::env::var("GREETING"));
    for line in io::stdin().lock().lines() {
        println!("{}", line?.to_uppercase());
    }
    eprintln!("rust is done");
    std::process::exit(7);
}
