//! The writer of SQLite: jobs fail alone, groups fail together, and nothing ends the thread.

use assay_domain::{Error, Result, Role, Timestamp};
use chrono::{TimeZone, Utc};
use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use futures::future::join_all;

use crate::Store;
use crate::database::{Database, Sqlite};
use crate::on_sqlite;
use crate::testing::TestDatabase;

fn now() -> Timestamp {
    Utc.with_ymd_and_hms(2026, 2, 2, 2, 2, 2).unwrap()
}

fn sqlite(store: &Store) -> &Sqlite {
    match store.database() {
        Database::Sqlite(sqlite) => sqlite,
        Database::Postgres(_) => panic!("no SQLite"),
    }
}

async fn set(store: &Store, pragma: &'static str) {
    sqlite(store)
        .write(move |connection| Ok(connection.batch_execute(pragma)?))
        .await
        .unwrap();
}

async fn names(store: &Store) -> Vec<String> {
    let users = store.users().await.unwrap();
    users.into_iter().map(|user| user.name).collect()
}

fn add(connection: &mut SqliteConnection, name: &str) -> crate::fault::Outcome<()> {
    on_sqlite::users::create(connection, name, Role::Admin, "hash", now()).map(|_| ())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_panic_is_answered_and_ends_nothing() {
    let database = TestDatabase::sqlite().await.unwrap();
    let store = database.store().await.unwrap();
    for _ in 0..3 {
        let outcome: Result<()> = sqlite(&store)
            .write(|connection| {
                add(connection, "half")?;
                panic!("on purpose")
            })
            .await;
        let Err(Error::Internal { detail }) = outcome else {
            panic!("{outcome:?}");
        };
        assert!(detail.contains("on purpose"), "{detail}");
    }
    let outcome: Result<()> = sqlite(&store).read(|_| panic!("on purpose")).await;
    assert!(matches!(outcome, Err(Error::Internal { .. })));
    store
        .create_user("ann", Role::Admin, "hash", now())
        .await
        .unwrap();
    assert_eq!(names(&store).await, ["ann"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_fails_is_rolled_back_alone() {
    let database = TestDatabase::sqlite().await.unwrap();
    let store = database.store().await.unwrap();
    // While the writer sleeps in its first job, the others gather in one group.
    let sleep = sqlite(&store).write(|_| {
        std::thread::sleep(std::time::Duration::from_millis(200));
        Ok(())
    });
    let jobs = (0..30).map(|index| {
        sqlite(&store).write(move |connection| {
            add(connection, &format!("user-{index:02}"))?;
            match index % 3 {
                0 => Ok(()),
                1 => Err(Error::invalid("refused").into()),
                _ => panic!("on purpose"),
            }
        })
    });
    let (slept, outcomes) = tokio::join!(sleep, join_all(jobs));
    slept.unwrap();
    for (index, outcome) in outcomes.into_iter().enumerate() {
        match index % 3 {
            0 => outcome.unwrap(),
            1 => assert_eq!(outcome, Err(Error::Invalid("refused".to_owned()))),
            _ => assert!(matches!(outcome, Err(Error::Internal { .. }))),
        }
    }
    let expected = (0..30).step_by(3).map(|index| format!("user-{index:02}"));
    assert_eq!(names(&store).await, expected.collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_is_answered_and_passes() {
    let database = TestDatabase::sqlite().await.unwrap();
    let store = database.store().await.unwrap();
    set(&store, "CREATE TABLE ballast (data BLOB)").await;
    set(&store, "PRAGMA max_page_count = 120").await;
    let jobs = (0..64).map(|index| {
        sqlite(&store).write(move |connection| {
            add(connection, &format!("user-{index:02}"))?;
            diesel::sql_query("INSERT INTO ballast VALUES (zeroblob(20000))")
                .execute(connection)?;
            Ok(())
        })
    });
    let outcomes = join_all(jobs).await;
    let done = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
    for outcome in outcomes {
        if let Err(error) = outcome {
            assert!(matches!(error, Error::Unavailable { .. }), "{error:?}");
        }
    }
    assert!(done < 64, "the disk was not full");
    assert_eq!(
        names(&store).await.len(),
        done,
        "what was answered well is stored"
    );
    set(&store, "PRAGMA max_page_count = 100000").await;
    store
        .create_user("ann", Role::Admin, "hash", now())
        .await
        .unwrap();
    assert_eq!(names(&store).await.len(), done + 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_commit_fails_the_whole_group() {
    let database = TestDatabase::sqlite().await.unwrap();
    let store = database.store().await.unwrap();
    // A deferred foreign key fails at the commit, not in the job.
    set(
        &store,
        "CREATE TABLE late (id INTEGER REFERENCES users (id) DEFERRABLE INITIALLY DEFERRED)",
    )
    .await;
    let sleep = sqlite(&store).write(|_| {
        std::thread::sleep(std::time::Duration::from_millis(200));
        Ok(())
    });
    let jobs = (0..10).map(|index| {
        sqlite(&store).write(move |connection| {
            add(connection, &format!("user-{index}"))?;
            if index == 9 {
                diesel::sql_query("INSERT INTO late VALUES (12345)").execute(connection)?;
            }
            Ok(())
        })
    });
    let (slept, outcomes) = tokio::join!(sleep, join_all(jobs));
    let (_, failed): (Vec<_>, Vec<_>) = outcomes.into_iter().partition(Result::is_ok);
    assert!(failed.len() > 1, "they were one group");
    // The sleeper may have shared the group; either way the store agrees with the answers.
    drop(slept);
    assert_eq!(names(&store).await.len(), 10 - failed.len());
    store
        .create_user("ann", Role::Admin, "hash", now())
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn another_process_that_writes_is_waited_for() {
    let database = TestDatabase::sqlite().await.unwrap();
    let (one, two) = (
        database.store().await.unwrap(),
        database.store().await.unwrap(),
    );
    let all = (0..40).map(|index| {
        let store = if index % 2 == 0 { &one } else { &two };
        let name = format!("user-{index}");
        async move { store.create_user(&name, Role::Admin, "hash", now()).await }
    });
    for outcome in join_all(all).await {
        outcome.unwrap();
    }
    assert_eq!(names(&one).await.len(), 40);
}

#[tokio::test(flavor = "multi_thread")]
async fn readers_wait_for_a_connection_only_so_long() {
    let database = TestDatabase::sqlite().await.unwrap();
    let mut config = database.config();
    config.readers = 1;
    config.wait = std::time::Duration::from_millis(50);
    let store = Store::open(&config).await.unwrap();
    let slow = sqlite(&store).read(|_| {
        std::thread::sleep(std::time::Duration::from_millis(400));
        Ok(())
    });
    let late = async {
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        store.users().await
    };
    let (slow, late) = tokio::join!(slow, late);
    slow.unwrap();
    assert!(
        matches!(late, Err(Error::Unavailable { retry_after: 1, .. })),
        "{late:?}"
    );
    assert!(store.users().await.is_ok());
}

#[tokio::test]
async fn an_unknown_database_and_an_absent_server_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let mut config = TestDatabase::sqlite().await.unwrap().config();
    config.key_file = folder.path().join("key");
    config.wait = std::time::Duration::from_millis(300);
    config.url = "mysql://somewhere".to_owned();
    assert!(matches!(
        Store::open(&config).await.err(),
        Some(Error::Invalid(_))
    ));
    config.url = "sqlite:/nowhere/at/all.db".to_owned();
    assert!(matches!(
        Store::open(&config).await.err(),
        Some(Error::Internal { .. })
    ));
    // A port that was free a moment ago.
    let port = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = port.local_addr().unwrap().port();
    config.url = format!("postgres://nobody@127.0.0.1:{port}/none");
    let absent = Store::open(&config).await.err();
    assert!(
        matches!(absent, Some(Error::Unavailable { .. })),
        "{absent:?}"
    );
    assert!(!config.key_file.exists());
}
