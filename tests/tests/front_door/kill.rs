//! kill -9 of the server at random moments: every introspection ends, and what is said of it is true.

use std::time::{Duration, Instant};

use assay_sim::{Behaviour, Machine, Pace, Power};
use assay_tests::database::Database;
use assay_tests::fleet::{self, Member};
use assay_tests::{Client, Server, Setup, lab, status, wait};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use serde_json::Value;

/// Kills on each database, unless `ASSAY_KILLS` asks for another number.
const KILLS: u32 = 100;
/// All of them, and the end of what they interrupted.
const WHOLE: Duration = Duration::from_mins(8);
/// Machines that are introspected over and over.
const MACHINES: usize = 12;
/// The seed of the moments; another one is worth a try after every change.
const SEED: u64 = 0x00c0_ffee;

/// How long a transient state may last once its owner is gone: lease, sweep and time-out.
const LIMIT: Duration = Duration::from_secs(60);

struct Run {
    server: Server,
    members: Vec<Watched>,
    /// Introspections that were asked for with a 202.
    promised: usize,
}

/// A member and what is known of its current introspection from outside.
struct Watched {
    member: Member,
    /// Reports that had been accepted when the current introspection began.
    accepted_before: usize,
    is_running: bool,
    promised: usize,
}

async fn run(database: &Database) -> Run {
    let setup = Setup::new()
        .database(database)
        .env("ASSAY_LEASE", 2)
        .env("ASSAY_SWEEP_INTERVAL", 1)
        .env("ASSAY_INTROSPECTION_TIMEOUT", 20)
        // The server dies at the same device again and again.
        .env("ASSAY_GATE__SESSION_LIFE", 0.1)
        .env("ASSAY_GATE__LOCKOUT", 0.1);
    let server = setup.start().await;
    let pace = Pace {
        firmware: Duration::from_millis(150),
        kernel: Duration::from_millis(150),
        collectors: Duration::from_millis(100),
    };
    let behaviour = Behaviour {
        pace,
        boot_retries: 20,
        ..Behaviour::default()
    };
    let mut members = Vec::new();
    for number in 0..MACHINES {
        let member = fleet::enrol(server.client(), lab::hardware(number), behaviour.clone()).await;
        members.push(Watched {
            member,
            accepted_before: 0,
            is_running: false,
            promised: 0,
        });
    }
    Run {
        server,
        members,
        promised: 0,
    }
}

impl Run {
    fn client(&self) -> Client {
        self.server.client().clone()
    }

    /// Judges what has ended and starts it anew.
    async fn go_round(&mut self) {
        let client = self.client();
        for watched in &mut self.members {
            if watched.is_running && !watched.judge(&client).await {
                continue;
            }
            watched.is_running = false;
            watched.accepted_before = watched.member.accepted();
            // A conflict is right while the end of the last one is being tidied up.
            if watched.member.start(&client).await == 202 {
                watched.is_running = true;
                watched.promised += 1;
                self.promised += 1;
            }
        }
    }

    /// Waits for the end of everything, judges it, and counts that nothing was lost.
    async fn settle(&mut self) {
        let client = self.client();
        for watched in &mut self.members {
            let uuid = watched.member.node.uuid.clone();
            status::ended(&client, &uuid, LIMIT).await;
            assert!(watched.judge(&client).await);
            let machine = &watched.member.machine;
            wait::until_is(
                "the machine is off",
                LIMIT,
                async || machine.power(),
                |power| *power == Power::Off,
            )
            .await;
            let path = format!("/assay/v1/nodes/{uuid}/introspections?limit=1000");
            let history = client.get(&path).await.expect(200).json();
            let history = history["introspections"].as_array().unwrap().clone();
            assert!(
                history.len() >= watched.promised,
                "{} of {} are left",
                history.len(),
                watched.promised
            );
            assert!(
                history.iter().all(|one| one["finished"] == true),
                "{history:?}"
            );
        }
        no_task_is_left(&client).await;
    }
}

impl Watched {
    /// False while the current introspection runs; panics when what is said of it is not true.
    async fn judge(&self, client: &Client) -> bool {
        let before = self.member.accepted();
        let detail = self.member.detail(client).await;
        let introspection = &detail["introspection"];
        if introspection["finished"] != true {
            return false;
        }
        let reported = before > self.accepted_before;
        let phases: Vec<&str> = detail["phases"]
            .as_array()
            .unwrap()
            .iter()
            .map(|stamp| stamp["phase"].as_str().unwrap())
            .collect();
        match introspection["error"].as_str() {
            None => assert!(
                phases.contains(&"rules"),
                "finished without rules: {detail}"
            ),
            Some(error) => {
                // A task whose worker died three times is given up; its report is kept.
                let given_up = error.starts_with("Introspection stopped while");
                assert!(given_up || !reported, "accepted, and lost: {detail}");
                if given_up && reported {
                    self.is_kept(client).await;
                }
                if let Some(phase) = error.split("in phase ").nth(1) {
                    let phase = phase.split(':').next().unwrap();
                    assert!(!phases.contains(&phase), "{error}, but it came: {detail}");
                }
            }
        }
        true
    }

    /// The report is there to be processed again.
    async fn is_kept(&self, client: &Client) {
        let node = &self.member.node.uuid;
        let path = format!("/v1/introspection/{node}/data/unprocessed");
        let report = client.get(&path).await.expect(200).json();
        let mac = self.member.machine.hardware().boot_mac().unwrap();
        assert!(report.to_string().contains(&mac.to_string()), "{report}");
    }
}

/// Every task has ended, apart from those that are put off to a later time.
async fn no_task_is_left(client: &Client) {
    let left = async || -> Vec<Value> {
        let page = client
            .get("/assay/v1/tasks?limit=1000")
            .await
            .expect(200)
            .json();
        let open = |task: &Value| {
            ["PENDING", "STARTED", "RETRY"]
                .iter()
                .any(|name| task["status"] == *name)
        };
        page["tasks"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|task| open(task))
            .cloned()
            .collect()
    };
    wait::until_is("no task is left", LIMIT, left, Vec::is_empty).await;
}

async fn is_killed_again_and_again(database: Database) {
    let began = Instant::now();
    let mut random = StdRng::seed_from_u64(SEED);
    let mut run = run(&database).await;
    let asked = std::env::var("ASSAY_KILLS").ok();
    let kills = asked.map_or(KILLS, |asked| asked.parse().unwrap());
    for _ in 0..kills {
        run.go_round().await;
        let pause = random.random_range(0..700);
        tokio::time::sleep(Duration::from_millis(pause)).await;
        run.server.kill();
        run.server.start_again();
    }
    run.settle().await;
    let client = run.client();
    let mut finished = 0;
    for watched in &run.members {
        finished += watched.member.accepted();
        // Whoever survived this also works without being disturbed.
        assert_eq!(watched.member.start(&client).await, 202);
    }
    for watched in &run.members {
        status::finished(&client, &watched.member.node.uuid, LIMIT).await;
    }
    assert!(
        run.promised > MACHINES && finished > 0,
        "{} promised, {finished} reported",
        run.promised
    );
    assert!(began.elapsed() < WHOLE, "it took {:?}", began.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn on_sqlite() {
    is_killed_again_and_again(Database::sqlite().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn on_postgresql() {
    is_killed_again_and_again(Database::postgres().await).await;
}
