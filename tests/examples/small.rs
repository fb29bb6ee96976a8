use crate::binaries::example;

fn output(name: &str) -> String {
    let output = example(name).output().unwrap();
    assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn hello_greets_and_takes_it_back() {
    let said = output("hello");
    assert!(said.contains("completed: hello, world"), "{said}");
    assert!(
        said.contains("never mind, nobody\nrolled back: Step 2 (check) failed: nobody is there"),
        "{said}"
    );
}

#[test]
fn a_trip_without_a_room_gives_everything_back() {
    let said = output("trip");
    assert!(
        said.contains("  canceled the car\n  canceled the flight\nrolled back: Step 3 (book_hotel)"),
        "{said}"
    );
    assert!(said.ends_with("booked in the end: 1 flight, 1 room, 1 car\n"), "{said}");
}
