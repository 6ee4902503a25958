//! Dead letters: a task that is given up, and its return.

use std::time::Duration;

use assay_domain::{Error, TaskStatus};
use assay_store::Revival;

use crate::world::{LONG, World, now, take, take_one};

on_all!(a_given_up_task_is_a_dead_letter_and_comes_back);

const ALL: assay_domain::Page = assay_domain::Page {
    offset: 0,
    limit: 100,
};

async fn a_given_up_task_is_a_dead_letter_and_comes_back(world: World) {
    let queue = world.queue().await;
    let task = world.task().await;
    queue.announce("quick").await;
    let held = take_one(&queue, "w", LONG).await;
    let store = &world.store;
    let given_up = store.give_up_task(task.id, "w", "died each time", now());
    assert!(given_up.await.unwrap());
    held.receipt.dead().await;
    // Nobody delivers it any more, and the broker's own dead letter is no second one.
    let idle = take(&queue, "w", 1, Duration::from_secs(2), LONG).await;
    assert!(idle.is_empty());
    let letters = store.list_dead_letters(ALL).await.unwrap();
    assert_eq!(letters.len(), 1, "{letters:?}");
    let letter = &letters[0];
    assert_eq!(letter.task.as_deref(), Some(task.uuid.as_str()));
    assert_eq!(letter.kind.as_deref(), Some("ping"));
    assert_eq!(
        (&*letter.class, &*letter.reason),
        ("quick", "died each time")
    );
    assert_eq!(letter.body, r#"{"given":true}"#);
    assert_eq!(world.reload(&task).await.status, TaskStatus::Failure);

    let again = store
        .redeliver_dead_letter(letter.id, Revival::Nothing, now())
        .await
        .unwrap();
    assert_eq!((again.status, again.attempts), (TaskStatus::Pending, 0));
    assert_eq!((again.error, again.finished_at), (None, None));
    queue.announce("quick").await;
    let held = take_one(&queue, "w", LONG).await;
    assert_eq!((held.task.id, held.task.attempts), (task.id, 1));
    world.finish(held, "w").await;
    let twice = store
        .redeliver_dead_letter(letter.id, Revival::Nothing, now())
        .await;
    assert!(matches!(twice, Err(Error::Conflict(_))), "{twice:?}");
    assert_eq!(world.reload(&task).await.status, TaskStatus::Success);
    let letter = store.dead_letter(letter.id).await.unwrap().unwrap();
    assert!(letter.redelivered_at.is_some());
    queue.shutdown().await;
}
