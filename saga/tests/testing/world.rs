//! The model of the systems around a saga.

use std::time::Duration;

use saga::testing::{Act, Keys, Way, World, WorldCall};

fn call(way: Way, key: &str) -> WorldCall {
    let own = if way == Way::Undo { format!("{key}/undo") } else { key.to_owned() };
    WorldCall::new(way, "airline", "seat 4A", own, key)
}

#[tokio::test]
async fn repeated_keys_are_known_remembered_or_ignored() {
    for (keys, expected) in [(Keys::Known, (2, 1)), (Keys::Remembered, (1, 1)), (Keys::Ignored, (3, 1))] {
        let world = World::new();
        world.keys("airline", keys);
        for way in [Way::Do, Way::Do, Way::Undo, Way::Do] {
            world.request(call(way, "k")).await.unwrap();
        }
        let account = &world.accounts()[0];
        assert_eq!((account.done, account.undone), expected, "{keys:?}");
    }
}

#[tokio::test]
async fn what_is_there_twice_is_named() {
    let world = World::new();
    for key in ["a", "a", "b"] {
        world.request(call(Way::Do, key)).await.unwrap();
    }
    assert_eq!(world.doubled(), ["airline seat 4A"]);
    assert_eq!((world.count("airline", "seat 4A"), world.count("hotel", "seat 4A")), (2, 0));
    world.request(call(Way::Undo, "b")).await.unwrap();
    world.request(call(Way::Undo, "never done")).await.unwrap();
    assert_eq!((world.doubled(), world.there()), (vec![], vec!["airline seat 4A".to_owned()]));
    assert!(!world.is_clean());
}

#[tokio::test]
async fn it_does_what_it_is_told_in_order_and_then_always_and_then_by_chance() {
    let world = World::new();
    world.next("airline", Way::Do, [Act::LosesAnswer, Act::LosesRequest]);
    world.always("airline", Way::Undo, Act::Refuses);
    world.by(|call| if call.key == "x" { Act::IsBusy } else { Act::Does });
    assert!(world.request(call(Way::Do, "a")).await.unwrap_err().effect() == saga::Effect::Unknown);
    assert!(world.request(call(Way::Do, "b")).await.unwrap_err().effect() == saga::Effect::Unknown);
    assert!(world.request(call(Way::Do, "x")).await.unwrap_err().effect() == saga::Effect::None);
    assert!(world.request(call(Way::Undo, "a")).await.is_err());
    assert_eq!(world.there().len(), 1);
    world.heal();
    world.request(call(Way::Undo, "a")).await.unwrap();
    assert!(world.is_clean());
    assert_eq!(world.calls().len(), 5);
}

#[tokio::test(start_paused = true)]
async fn a_late_effect_comes_after_its_undo() {
    let world = World::new();
    world.next("airline", Way::Do, [Act::DoesLate(Duration::from_secs(10))]);
    let given_up = tokio::time::timeout(Duration::from_secs(1), world.request(call(Way::Do, "k"))).await;
    assert!(given_up.is_err());
    world.request(call(Way::Undo, "k")).await.unwrap();
    assert!(world.there().is_empty() && !world.is_clean());
    tokio::time::sleep(Duration::from_secs(10)).await;
    assert_eq!((world.on_the_way(), world.there()), (0, vec!["airline seat 4A".to_owned()]));
}
