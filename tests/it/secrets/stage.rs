//! A provider of accounts: its steps, some with secrets, and who looks for these.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use saga::seal::Keys;
use saga::step::{Arguments, Callee, ErasedStep, Success};
use saga::store::{Loaded, Status, Store};
use saga::{
    Args, Callable, Class, Client, Definition, Engine, Json, Meta, SagaBuilder, Signature, Step, StepContext,
    StepError,
};
use serde::{Deserialize, Serialize};

use crate::life::id;

/// What the steps were told.
#[derive(Clone, Default)]
pub(super) struct Seen(Arc<Mutex<Vec<String>>>);

impl Seen {
    pub(super) fn say(&self, words: String) {
        self.0.lock().unwrap().push(words);
    }
    pub(super) fn revokes(&self, output: Option<&Json>) -> saga::Result<()> {
        self.say(format!("revoke {}", output.unwrap()));
        Ok(())
    }
    pub(super) fn all(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Request {
    pub(super) user: String,
    pub(super) password: String,
}

pub(super) fn request(user: &str) -> Request {
    Request { user: user.into(), password: PASSWORD.into() }
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Opened {
    pub(super) id: String,
    pub(super) phrase: String,
    pub(super) mails: Vec<String>,
}

pub(super) const PASSWORD: &str = "correct-horse-battery";
pub(super) const TOKEN: &str = "s3cret-token-of-the-bank";

pub(super) fn args<C>(fields: &[(&str, &str)]) -> Result<Args<C>, StepError> {
    let fields: BTreeMap<_, _> = fields.iter().copied().collect();
    Ok(Args::new(Json::encode(&fields)?))
}

pub(super) fn made(output: impl Serialize) -> Result<Success, StepError> {
    Ok(Success { output: Json::encode(&output)?, adopted: false })
}

macro_rules! step {
    ($name:ident -> $output:ty, $meta:expr) => {
        pub(in crate::secrets) enum $name {}
        impl Signature for $name {
            type Output = $output;
            const META: &'static Meta = &$meta;
        }
        impl Callable<Seen> for $name {
            fn erased() -> Callee<Seen> {
                ErasedStep::plain::<Self>().into()
            }
        }
    };
}

// What it makes is secret.
step!(Issue -> String, Meta { secret_output: true, ..Meta::new("issue", Class::Compensatable) });
impl Step<Seen> for Issue {
    async fn run(_: &Seen, _: &StepContext, _: &Arguments<'_>) -> saga::Result<Success> {
        made(TOKEN)
    }
    async fn compensate(
        seen: &Seen,
        _: &StepContext,
        _: &Arguments<'_>,
        output: Option<&Json>,
    ) -> saga::Result<()> {
        seen.revokes(output)
    }
}

// One of its arguments is secret.
step!(Open -> String, Meta {
    params: &["user", "password"],
    secrets: &["password"],
    ..Meta::new("open", Class::Compensatable)
});
impl Step<Seen> for Open {
    async fn run(seen: &Seen, cx: &StepContext, args: &Arguments<'_>) -> saga::Result<Success> {
        let (user, password): (String, String) = (args.get("user")?, args.get("password")?);
        cx.record(&format!("before {password}")).await?;
        seen.say(format!("open {user} {password}"));
        made(format!("account of {user}"))
    }
    async fn compensate(
        seen: &Seen,
        cx: &StepContext,
        args: &Arguments<'_>,
        _: Option<&Json>,
    ) -> saga::Result<()> {
        let recorded: Option<String> = cx.recorded()?;
        seen.say(format!("close {} {}", args.get::<String>("password")?, recorded.unwrap()));
        Ok(())
    }
}

// Knows nothing of secrets.
step!(Mail -> String, Meta { params: &["text"], ..Meta::new("mail", Class::NoEffect) });
impl Step<Seen> for Mail {
    async fn run(seen: &Seen, _: &StepContext, args: &Arguments<'_>) -> saga::Result<Success> {
        let text: String = args.get("text")?;
        seen.say(format!("mail {text}"));
        match text.starts_with("refused") {
            true => Err(StepError::permanent("refused")),
            false => made("sent"),
        }
    }
}

/// A saga that calls this one lays it into its plan.
pub(super) enum Account {}
impl Signature for Account {
    type Output = Opened;
    const META: &'static Meta =
        &Meta { saga: true, params: &["request"], ..Meta::new("account", Class::Compensatable) };
}
impl Callable<Seen> for Account {
    fn erased() -> Callee<Seen> {
        Callee::Saga(Arc::new(account()))
    }
}

pub(super) fn account() -> Definition<Seen> {
    let mut s = SagaBuilder::<Seen, Request>::new("account", 1);
    s.secret_input();
    let request = s.input();
    let token = s.named("token").call::<Issue, _>((), |()| args(&[]));
    let phrase = s.value("phrase", (request, token), |(r, token): (Request, String)| {
        Ok(format!("{}+{token}", r.password))
    });
    let id = s
        .named("id")
        .call::<Open, _>((request, phrase), |(r, phrase)| args(&[("user", &r.user), ("password", &phrase)]));
    let chosen = s.if_else(
        (request,),
        |(r,)| Ok(r.user != "nobody"),
        |s| s.value("somebody", (phrase,), |(phrase,)| Ok(phrase)),
        |s| s.value("nobody", (), |()| Ok("{\"$sealed\":\"not at all\"}".to_owned())),
    );
    let mails = s.named("mails").call_each::<Mail, _>((request, chosen), |(r, chosen)| {
        [&r.user, &chosen].map(|text| args(&[("text", text)])).into_iter().collect()
    });
    s.disclosed().wait_for_event::<(), _>("confirmed", None, (request,), |(r,)| Ok(r.user));
    s.finish((id, chosen, mails), |(id, phrase, mails)| Ok(Opened { id, phrase, mails })).unwrap()
}

/// Its input is open; the sub-saga's is not.
pub(super) fn outer() -> Definition<Seen> {
    let mut s = SagaBuilder::<Seen, String>::new("outer", 1);
    let user = s.input();
    let opened = s.call::<Account, _>((user,), |(user,)| {
        let request = BTreeMap::from([("request", request(&user))]);
        Ok(Args::new(Json::encode(&request)?))
    });
    s.finish((opened,), |(opened,)| Ok(opened.phrase)).unwrap()
}
pub(super) enum Outer {}
impl Signature for Outer {
    type Output = String;
    const META: &'static Meta = &Meta { saga: true, ..Meta::new("outer", Class::Compensatable) };
}

pub(super) fn old_key() -> Keys {
    Keys::new("k1", &[1; 32]).unwrap()
}
pub(super) fn new_key() -> Keys {
    Keys::new("k2", &[2; 32]).unwrap()
}

pub(super) async fn engine(seen: &Seen, store: impl Store, keys: Keys) -> Engine<Seen> {
    let config = saga::Config { poll_interval: Duration::from_millis(20), ..saga::Config::default() };
    let builder = Engine::builder(seen.clone()).store(store).config(config).secrets(keys);
    builder.saga(account()).saga(outer()).build().await.unwrap()
}

pub(super) async fn until(client: &Client, workflow: &str, status: Status) -> Loaded {
    loop {
        let view = client.workflow("default", &id(workflow)).await.unwrap();
        if view.header.state.status == status {
            return Loaded { header: view.header, steps: view.steps };
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

pub(super) async fn confirm(client: &Client, user: &str) {
    client.publish("default", "confirmed", user, Json::null(), None).await.unwrap();
}

/// Nothing in any file of the folder, nor in these words, gives a secret away.
pub(super) fn nothing_leaks(folder: &Path, words: &str) {
    let mut texts = vec![(words.as_bytes().to_vec(), "words".to_owned())];
    for file in std::fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        texts.push((std::fs::read(&path).unwrap(), path.display().to_string()));
    }
    for (text, name) in texts {
        for secret in [PASSWORD, TOKEN] {
            let is = text.windows(secret.len()).any(|part| part == secret.as_bytes());
            assert!(!is, "`{secret}` stands in {name}");
        }
    }
}

pub(super) use step;
