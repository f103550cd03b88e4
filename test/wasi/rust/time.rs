// Instants rise, sleeping takes time, files carry it.
use std::fs;
use std::thread::sleep;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

fn main() {
    let start = Instant::now();
    let before = SystemTime::now();
    sleep(Duration::from_millis(15));
    assert!(start.elapsed() >= Duration::from_millis(15));
    assert!(SystemTime::now() >= before + Duration::from_millis(10));
    assert!(before.duration_since(UNIX_EPOCH).unwrap().as_secs() > 1_600_000_000);
    let mut last = Instant::now();
    for _ in 0..1000 {
        let now = Instant::now();
        assert!(now >= last);
        last = now;
    }
    fs::write("/f", "text").unwrap();
    let made = fs::metadata("/f").unwrap().modified().unwrap();
    assert!(made + Duration::from_secs(2) > before);
    assert!(made < SystemTime::now() + Duration::from_secs(2));
}
