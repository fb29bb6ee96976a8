//! A trip over three systems that know nothing of each other: when the hotel is full, the flight is given back.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use saga::store::MemoryStore;
use saga::{Engine, Outcome, StepContext, StepError, saga, step};
use serde::{Deserialize, Serialize};

/// A system that keeps bookings under the key it is given, so that a repeated request books nothing twice.
#[derive(Default)]
struct Bookings(Mutex<BTreeSet<String>>);

impl Bookings {
    fn book(&self, what: &str, key: &str) {
        if self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(key.to_owned()) {
            println!("  booked   {what}");
        }
    }
    fn cancel(&self, what: &str, key: &str) {
        if self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(key) {
            println!("  canceled {what}");
        }
    }
    fn len(&self) -> usize {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).len()
    }
}

#[derive(Default)]
struct Airline(Bookings);
#[derive(Default)]
struct Hotels(Bookings);
#[derive(Default)]
struct Cars(Bookings);

/// What the steps are given.
#[derive(Default, saga::Resources)]
struct World {
    airline: Airline,
    hotels: Hotels,
    cars: Cars,
}

#[derive(Clone, Serialize, Deserialize)]
struct Trip {
    traveller: String,
    to: String,
    nights: u32,
    wants_car: bool,
}

#[derive(Serialize, Deserialize)]
struct Booked {
    flight: String,
    room: String,
    car: Option<String>,
}

#[step(compensate = give_back_seat(airline, cx), system = "airline")]
async fn book_flight(#[inject] airline: &Airline, cx: &StepContext, to: &str) -> saga::Result<String> {
    airline.0.book(&format!("a flight to {to}"), cx.idempotency_key());
    Ok(format!("flight to {to}"))
}
async fn give_back_seat(airline: &Airline, cx: &StepContext) -> saga::Result<()> {
    airline.0.cancel("the flight", cx.forward_key());
    Ok(())
}

#[step(compensate = give_back_room(hotels, cx), system = "hotels")]
async fn book_hotel(
    #[inject] hotels: &Hotels,
    cx: &StepContext,
    to: &str,
    nights: u32,
) -> saga::Result<String> {
    if nights > 7 {
        // Refused for certain: nothing was booked, so this step has nothing to undo.
        return Err(StepError::permanent(format!("no room in {to} for {nights} nights")));
    }
    hotels.0.book(&format!("a room in {to}"), cx.idempotency_key());
    Ok(format!("room in {to}"))
}
async fn give_back_room(hotels: &Hotels, cx: &StepContext) -> saga::Result<()> {
    hotels.0.cancel("the room", cx.forward_key());
    Ok(())
}

#[step(compensate = give_back_car(cars, cx), system = "cars")]
async fn book_car(#[inject] cars: &Cars, cx: &StepContext, traveller: &str) -> saga::Result<String> {
    cars.0.book(&format!("a car for {traveller}"), cx.idempotency_key());
    Ok(format!("car for {traveller}"))
}
async fn give_back_car(cars: &Cars, cx: &StepContext) -> saga::Result<()> {
    cars.0.cancel("the car", cx.forward_key());
    Ok(())
}

/// Flight and car side by side, then the room.
#[saga(version = 1)]
async fn book_trip(trip: Trip) -> saga::Result<Booked> {
    let (flight, car) = try_join!(book_flight(&trip.to), when(trip.wants_car, book_car(&trip.traveller)),)?;
    let room = book_hotel(&trip.to, trip.nights).await?;
    Ok(Booked { flight, room, car })
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let engine = Engine::builder(World::default())
        .store(MemoryStore::new())
        .saga(book_trip::definition())
        .build()
        .await?;
    for nights in [3, 30] {
        println!("a trip of {nights} nights");
        let trip = Trip { traveller: "Ada".into(), to: "Lisbon".into(), nights, wants_car: true };
        let started = engine.client().start(book_trip(trip)).await?;
        match started.handle.outcome().await? {
            Outcome::Completed(b) => println!("completed: {}, {}, {:?}", b.flight, b.room, b.car),
            Outcome::RolledBack { message } => println!("rolled back: {message}"),
            Outcome::Failed { message, debts, .. } => println!("a person is needed: {message}, {debts:?}"),
        }
    }
    let World { airline, hotels, cars } = engine.resources();
    println!("booked in the end: {} flight, {} room, {} car", airline.0.len(), hotels.0.len(), cars.0.len());
    engine.shutdown(std::time::Duration::from_secs(1)).await?;
    Ok(())
}
