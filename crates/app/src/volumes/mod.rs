//! Use cases of volumes on storage hosts: what there is, mirrors, and moves to other disks. The hosts
//! are asked anew each time; what is done is a task, whose work LVM goes on with by itself.

mod job;
mod settings;

use std::collections::BTreeMap;

use assay_domain::host::{HostDoor as _, HostShell};
use assay_domain::volume::{LogicalVolume, VolumeAction, VolumeBackendField, VolumeGroup};
use assay_domain::{
    Actor, DriverError, Error, Filter, Node, Page, Result, Role, Task, TaskKind, TaskStatus,
};
use assay_hosts::Lvm;
use futures::future::join_all;
use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;

use crate::App;
use crate::tasks::Waited;
use crate::work::{Outcome, payload};

pub use settings::{VolumeBackend, check_volume_backends};

/// Seconds after which a host may be back.
const ASK_AGAIN: u64 = 30;

/// A backend as its host has it now.
#[derive(Debug, Clone, PartialEq)]
pub struct BackendView {
    /// What is configured.
    pub backend: VolumeBackend,
    /// The host: the name of its node, or its UUID.
    pub host: String,
    /// Its volume group.
    pub group: VolumeGroup,
    node_id: i64,
}

/// A volume of Cinder's as the host has it that uses it, or else the first that knows it.
#[derive(Debug, Clone, PartialEq)]
pub struct VolumeView {
    /// Cinder's id.
    pub id: String,
    /// The name of its backend.
    pub backend: String,
    /// The host.
    pub host: String,
    /// The name of its volume group.
    pub vg_name: String,
    /// The logical volume.
    pub volume: LogicalVolume,
    /// Whether it is being moved, and how much of that is done, 0 to 100.
    pub moving: Option<Option<f64>>,
    /// The hosts that have its lock; those of all backends with its group.
    pub lock_hosts: Vec<String>,
    /// Whether nobody else can have it locked meanwhile.
    pub is_locked_exclusively: bool,
}

/// A backend, and where its answer belongs.
type Asked<'b> = (usize, &'b VolumeBackend);

/// What a task does, to which volume.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Order {
    backend: String,
    volume: String,
    /// LVM's UUID of it.
    uuid: String,
    action: VolumeAction,
}

/// Volumes on storage hosts.
pub struct Volumes<'a> {
    app: &'a App,
}

impl<'a> Volumes<'a> {
    pub(crate) fn new(app: &'a App) -> Self {
        Self { app }
    }

    /// A page of the backends that pass all filters, in the order of the configuration. Only their
    /// hosts are asked.
    ///
    /// # Errors
    /// When any of these hosts cannot tell, with its name: [`Error::Unavailable`] when it does not
    /// answer, else [`Error::Conflict`] or [`Error::Unsupported`].
    pub async fn backends(
        &self,
        actor: &Actor,
        filters: &[Filter<VolumeBackendField>],
        page: Page,
    ) -> Result<Vec<BackendView>> {
        actor.require(Role::Observer)?;
        let mut wanted = Vec::new();
        for backend in &self.app.settings().volume_backends {
            let host = self.host_of(backend).await?;
            let passes = filters.iter().all(|filter| {
                filter.admits(match filter.field {
                    VolumeBackendField::Name => &backend.name,
                    VolumeBackendField::Host => host_name(&host),
                    VolumeBackendField::VgName => &backend.vg_name,
                })
            });
            if passes {
                wanted.push((backend, host));
            }
        }
        let skip = usize::try_from(page.offset).unwrap_or(usize::MAX);
        let most = usize::try_from(page.limit).unwrap_or(usize::MAX);
        let wanted = wanted.into_iter().skip(skip).take(most);
        self.look(wanted.collect()).await.into_iter().collect()
    }

    /// All volumes of Cinder's in the backends, each once.
    ///
    /// # Errors
    /// As of [`Self::backends`].
    pub async fn list(&self, actor: &Actor) -> Result<Vec<VolumeView>> {
        let whole = Page {
            offset: 0,
            limit: i64::MAX,
        };
        let views = self.backends(actor, &[], whole).await?;
        let mut volumes = Vec::new();
        for view in &views {
            for volume in &view.group.volumes {
                let is_shown =
                    home_of(&views, &volume.uuid).is_some_and(|home| std::ptr::eq(home, view));
                if let Some(id) = volume.cinder_id().filter(|_| is_shown) {
                    volumes.push(shown(&views, view, volume, id));
                }
            }
        }
        Ok(volumes)
    }

    /// One volume, by Cinder's id.
    ///
    /// # Errors
    /// [`Error::NotFound`] when no host has it and all have told; else as of [`Self::backends`].
    pub async fn get(&self, actor: &Actor, id: &str) -> Result<VolumeView> {
        actor.require(Role::Observer)?;
        let (views, at) = self.find(id).await?;
        let (view, volume) = at;
        Ok(shown(&views, &view, &volume, id))
    }

    /// Has something done with a volume, and waits a while for its end.
    ///
    /// # Errors
    /// [`Error::Invalid`] for values that cannot be, also for a disk that is none of the volume's
    /// group; [`Error::NotFound`] for an unknown volume; [`Error::Conflict`] with LVM's words when it
    /// refuses within the wait; else as of [`Self::backends`].
    pub async fn act(&self, actor: &Actor, id: &str, action: VolumeAction) -> Result<Waited> {
        actor.require(Role::Operator)?;
        action.check()?;
        let (_, (view, volume)) = self.find(id).await?;
        check_disks(&action, &view.group)?;
        let order = Order {
            backend: view.backend.name,
            volume: volume.name,
            uuid: volume.uuid,
            action,
        };
        let order = serde_json::to_value(&order).map_err(Error::internal)?;
        let tasks = self.app.tasks();
        let kind = TaskKind::VolumeAction;
        let task = tasks.new_task(actor, kind, Some(view.node_id), json!({ "order": order }));
        let (uuid, now) = (task.uuid.clone(), self.app.clock().now());
        self.app.store().enqueue_task(task, now).await?;
        self.app.announce(kind).await;
        tracing::info!(user = actor.name, dialect = %actor.dialect, volume = id, task = uuid, "action on a volume accepted");
        tasks
            .wait(&uuid, self.app.settings().hosts.answer_wait)
            .await
    }

    /// A worker's part of [`Self::act`].
    ///
    /// # Errors
    /// [`Error::Conflict`] with LVM's words, or with what has become of it; what passes is to be tried
    /// again.
    pub async fn run(&self, task: &Task) -> Result<Outcome> {
        job::run(self.app, task).await
    }

    /// Has a task stop that moves a volume, or is about to: what it moves stays where it was. False
    /// when it is to be revoked like any other, or cannot be.
    pub(crate) async fn stop(&self, actor: &Actor, task: &Task) -> Result<bool> {
        let order: Order = payload(task, "order")?;
        let is_move = matches!(order.action, VolumeAction::Migrate { .. });
        if !is_move || task.status.is_final() {
            return Ok(false);
        }
        let said = self.app.store().task_messages(task.id).await?;
        if task.status != TaskStatus::Started && !job::has_begun(&said) {
            return Ok(false);
        }
        let text = format!("{}{}", job::STOPPED_BY, actor.name);
        self.app.tasks().message(task, &text).await?;
        Ok(true)
    }

    async fn find(&self, id: &str) -> Result<(Vec<BackendView>, (BackendView, LogicalVolume))> {
        let unknown = || Error::not_found("Volume", id);
        let id = Uuid::parse_str(id).map_err(|_| unknown())?.to_string();
        let mut views = Vec::new();
        let mut trouble = None;
        let mut wanted = Vec::new();
        for backend in &self.app.settings().volume_backends {
            match self.host_of(backend).await {
                Ok(host) => wanted.push((backend, host)),
                Err(error) => trouble = trouble.or(Some(error)),
            }
        }
        for look in self.look(wanted).await {
            match look {
                Ok(view) => views.push(view),
                Err(error) => trouble = trouble.or(Some(error)),
            }
        }
        let mut volumes = views.iter().flat_map(|view| &view.group.volumes);
        let found = volumes.find(|volume| volume.cinder_id() == Some(&id));
        let home = found.and_then(|volume| home_of(&views, &volume.uuid));
        let at = home.and_then(|view| {
            let mut volumes = view.group.volumes.iter();
            let volume = volumes.find(|volume| volume.cinder_id() == Some(&id))?;
            Some((view.clone(), volume.clone()))
        });
        match (at, trouble) {
            (Some(at), _) => Ok((views, at)),
            (None, Some(trouble)) => Err(trouble),
            (None, None) => Err(unknown()),
        }
    }

    async fn host_of(&self, backend: &VolumeBackend) -> Result<Node> {
        let VolumeBackend { name, node, .. } = backend;
        self.app.nodes().by_ref(node).await.map_err(|error| match error {
            Error::NotFound { .. } => Error::conflict(format!(
                "volume backend {name}: there is no node {node}; see volume_backends in the configuration"
            )),
            other => other,
        })
    }

    /// Looks at backends, with one login on each host; the answers are in the order of the questions.
    async fn look(&self, wanted: Vec<(&VolumeBackend, Node)>) -> Vec<Result<BackendView>> {
        let mut hosts: BTreeMap<i64, (Node, Vec<Asked<'_>>)> = BTreeMap::new();
        for (at, (backend, host)) in wanted.into_iter().enumerate() {
            let known = hosts.entry(host.id).or_insert((host, Vec::new()));
            known.1.push((at, backend));
        }
        let looks = hosts.values();
        let looks = looks.map(|(host, backends)| self.look_on(host, backends));
        let mut views: Vec<_> = join_all(looks).await.into_iter().flatten().collect();
        views.sort_by_key(|(at, _)| *at);
        views.into_iter().map(|(_, view)| view).collect()
    }

    async fn look_on(
        &self,
        host: &Node,
        backends: &[Asked<'_>],
    ) -> Vec<(usize, Result<BackendView>)> {
        let opened = self.open(host).await;
        let mut views = Vec::new();
        for (at, backend) in backends {
            let looked = match &opened {
                Ok(shell) => {
                    let lvm = Lvm::new(shell.as_ref());
                    lvm.group(&backend.vg_name).await.map_err(Error::from)
                }
                Err(error) => Err(error.clone()),
            };
            let name = host_name(host);
            let view = looked.map(|group| BackendView {
                backend: (*backend).clone(),
                host: name.to_owned(),
                group,
                node_id: host.id,
            });
            views.push((*at, view.map_err(|error| named(error, backend, name))));
        }
        if let Ok(shell) = opened {
            shell.close().await;
        }
        views
    }

    async fn open(&self, host: &Node) -> Result<Box<dyn HostShell>> {
        let door = self.app.hosts().door(host).await?;
        Ok(door.open().await?)
    }
}

fn host_name(host: &Node) -> &str {
    host.name.as_deref().unwrap_or(&host.uuid)
}

/// The host that has a volume active, or else the first that knows it.
fn home_of<'a>(views: &'a [BackendView], uuid: &str) -> Option<&'a BackendView> {
    let mut known = views.iter().filter_map(|view| {
        let volume = view.group.volume(uuid)?;
        Some((view, volume.is_active))
    });
    let first = known.next()?;
    let active = std::iter::once(first)
        .chain(known)
        .find(|(_, active)| *active);
    Some(active.unwrap_or(first).0)
}

fn shown(
    views: &[BackendView],
    view: &BackendView,
    volume: &LogicalVolume,
    id: &str,
) -> VolumeView {
    let mut lock_hosts = Vec::new();
    let mut is_locked_exclusively = false;
    for other in views
        .iter()
        .filter(|other| other.group.uuid == view.group.uuid)
    {
        let mut locks = other.group.locks.iter();
        if let Some(lock) = locks.find(|lock| lock.uuid == volume.uuid) {
            is_locked_exclusively |= lock.is_exclusive;
            if !lock_hosts.contains(&other.host) {
                lock_hosts.push(other.host.clone());
            }
        }
    }
    let mut moves = view.group.moves.iter();
    let moving = moves.find(|one| one.volumes.contains(&volume.uuid));
    VolumeView {
        id: id.to_owned(),
        backend: view.backend.name.clone(),
        host: view.host.clone(),
        vg_name: view.group.name.clone(),
        moving: moving.map(|one| one.percent),
        volume: volume.clone(),
        lock_hosts,
        is_locked_exclusively,
    }
}

fn check_disks(action: &VolumeAction, group: &VolumeGroup) -> Result<()> {
    let VolumeAction::Migrate {
        source,
        destination,
    } = action
    else {
        return Ok(());
    };
    let destination = destination.as_ref().map(|pv| ("dest_pv", pv));
    let disks = std::iter::once(("source_pv", source)).chain(destination);
    for (field, pv) in disks {
        if !group.lies_on(pv) {
            return Err(Error::invalid(format!(
                "{field}: volume group {} has no physical volume '{pv}'",
                group.name
            )));
        }
    }
    Ok(())
}

/// Says whose error it is. What a request needs of a host that is away can be had later.
fn named(error: Error, backend: &VolumeBackend, host: &str) -> Error {
    let text = format!("volume backend {} on host {host}: {error}", backend.name);
    match error {
        Error::Device(
            DriverError::Unreachable { .. }
            | DriverError::TimedOut { .. }
            | DriverError::NotAsked { .. }
            | DriverError::Failed { .. },
        ) => Error::Unavailable {
            message: text,
            retry_after: ASK_AGAIN,
        },
        Error::Device(_) | Error::Conflict(_) => Error::Conflict(text),
        Error::Unsupported(_) => Error::Unsupported(text),
        other => other,
    }
}
