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

#[test]
fn a_dead_line_is_tried_again_and_a_refusal_is_not() {
    let said = output("retry");
    assert!(
        said.contains("attempt 2: the line is dead\nattempt 3: it rings\ncompleted after 3 attempts"),
        "{said}"
    );
    assert!(said.ends_with("rolled back: Step 1 (call) failed: there is no number to call\n"), "{said}");
}

#[test]
fn branches_are_undone_last_declared_first_and_each_as_a_whole() {
    let said = output("parallel");
    assert!(said.contains("flowchart TD"), "{said}");
    assert!(
        said.contains("  down chimney\n  down right wall\n  down left wall\nrolled back: Step 4"),
        "{said}"
    );
}

#[test]
fn the_second_life_goes_on_where_the_first_one_ended() {
    let said = output("crash_and_resume");
    let (first, second) = said.split_once("the second life").unwrap();
    assert!(first.contains("the keel is laid") && first.contains("it ended badly"), "{said}");
    assert!(!second.contains("the keel is laid"), "{said}");
    assert!(
        second.contains("found the workflow") && second.contains("completed: the Argo is ready"),
        "{said}"
    );
}

#[test]
fn the_macros_write_what_a_person_would() {
    assert!(output("by_hand_and_by_macro").ends_with("the plans are the same\n"));
}

#[test]
fn a_saga_comes_from_json_and_its_slips_are_all_told() {
    let said = output("from_json");
    assert!(
        said.starts_with(
            "steps[1].timeout: `soon` is not a length of time: write a whole number and a unit, like \"200ms\", \
             \"10s\", \"5m\", \"2h\" or \"1d\"\n\
             steps[0].args.what: `$roof` comes later, at steps[1]: a step can read only what comes before it\n\
             steps[0].step: there is no step `put_upp`; did you mean `put_up`?\n\
             steps[1].args: `put_up` needs `what`: give a value or `null`\n"
        ),
        "{said}"
    );
    assert!(
        said.contains(
            r#"completed: {"chimney":"chimney","furniture":["table","bed"],"parts":2,"walls":"brick"}"#
        ),
        "{said}"
    );
    assert!(said.contains("  down straw\n") || said.contains("  down chimney\n"), "{said}");
    assert!(said.ends_with("rolled back: Step 4 (inspect) failed: straw does not hold\n"), "{said}");
}

#[test]
fn each_version_ends_what_it_began_and_a_forgotten_one_is_stopped() {
    let said = output("versions");
    let (_, said) = said.split_once("the version was forgotten\n").unwrap();
    let (forgotten, both) = said.split_once("both versions\n").unwrap();
    assert!(
        forgotten.contains(
            "\n- wait_for_van: step wait_for_van, only reads, after input\n\
             + weigh: step weigh, only reads, after input, made of input\n\
             + wait_for_van: step wait_for_van, only reads, after weigh\n"
        ),
        "{said}"
    );
    assert!(!forgotten.contains("  weigh") && !forgotten.contains("  send"), "{said}");
    assert_eq!(
        both,
        "  send a book\nversion 1: a book is on its way\n  weigh a vase\n  send a vase\nversion 2: a vase is on its way\n"
    );
}

#[test]
fn an_order_and_its_workflow_are_there_together_or_not_at_all() {
    let said = output("start_in_transaction");
    assert!(said.contains("apples: ordered\n") && said.contains("pears: ordered\n"), "{said}");
    assert!(said.contains("the moon: nobody can pay for that\n"), "{said}");
    let said: String =
        said.lines().filter(|l| !l.starts_with("  packing ")).map(|l| format!("{l}\n")).collect();
    let end = "completed: apples, packed\nthere is no workflow ship-the-moon\ncompleted: pears, packed\n";
    assert!(said.ends_with(end), "{said}");
}

#[test]
fn schedules_tick_until_they_are_paused_and_events_start_what_they_should() {
    let said = output("schedule");
    let (ticks, rest) = said.split_once("a delivery").unwrap();
    assert!(ticks.matches("  counting the apples\n").count() >= 2, "{said}");
    assert!(rest.contains("\n  counting the pears\napples is paused, last at 2"), "{said}");
}

#[test]
fn a_password_is_seen_by_its_step_and_by_nobody_else() {
    let said = output("secrets");
    assert!(said.starts_with("saga `register` has secrets and the engine has no key"), "{said}");
    assert!(said.contains("a password of 13 letters\ncompleted: login of bob\n"), "{said}");
    assert!(said.contains("people see  \"[secret]\"\nstores keep {\"$sealed\":\"2026."), "{said}");
    assert!(!said.contains("horse"), "{said}");
}

#[test]
fn each_item_that_was_done_is_undone() {
    let said = output("for_each");
    assert!(said.contains("completed: ge-1, ge-2, ge-3\n"), "{said}");
    assert!(
        said.ends_with(
            "  closed port 8\n  closed port 7\nrolled back: Step 1 (open[2]) failed: there is no port 99\n"
        ),
        "{said}"
    );
}

#[test]
fn a_detour_is_given_back_as_a_whole_and_the_tour_goes_on() {
    let said = output("sub_saga");
    assert!(
        said.contains(
            "  booked   flight to Atlantis\n  canceled flight to Atlantis\n  booked   flight to Rome\n"
        ),
        "{said}"
    );
    assert!(
        said.contains("completed: flight to Lisbon, hotel in Lisbon; no detour; flight to Rome"),
        "{said}"
    );
    assert!(
        said.contains("  canceled hotel in Lisbon\n  canceled flight to Lisbon\nrolled back: "),
        "{said}"
    );
}

#[test]
fn before_the_pivot_there_is_a_way_back_and_after_it_only_forward() {
    let said = output("pivot");
    assert!(
        said.contains("  put back a boat\nrolled back: Step 2 (charge) failed: the card is refused\n"),
        "{said}"
    );
    assert!(
        said.contains("  charged 20\n  no paper\n  no paper\n  printed a receipt for 20\ncompleted"),
        "{said}"
    );
}

#[test]
fn what_is_heard_of_in_time_completes_and_what_is_not_is_undone() {
    let said = output("wait_for_event");
    assert!(said.contains("completed: A1 is online with -18 dBm\n"), "{said}");
    assert!(said.contains("  B2 is powered off\n") && said.contains("rolled back: `online` of B2"), "{said}");
}

#[test]
fn a_router_is_changed_by_one_at_a_time() {
    let said = output("locks");
    assert!(said.contains("refused: `router=R1` is held by the first one\n"), "{said}");
    assert!(said.ends_with("  R1 is set to mesh\n") && said.contains("  R1 is set to bridge\n"), "{said}");
}

#[test]
fn what_comes_to_rest_is_told_by_the_store() {
    let said = output("own_store");
    assert!(
        said.contains("  wrote hello\n{\"status\":\"completed\",\"workflow\":\"say-hello\"}\n"),
        "{said}"
    );
    let back = "  erased nonsense\n{\"status\":\"rolled_back\",\"workflow\":\"say-nonsense\"}\n";
    assert!(said.ends_with(back), "{said}");
}
