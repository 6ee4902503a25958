//! Who is given a boot script, and for what.
//!
//! A running introspection belongs to the first machine that was given a script for it. It gets a new
//! one whenever it asks, because machines boot again; another machine never does.

use assay_domain::{About, Cause, EvidenceKind, IntrospectionState, Result};
use assay_store::BootClaim;
use serde_json::{Value, json};

use super::claimant::running_rival;
use super::{Boot, BootDecision, BootRequest, hash, local, new_nonce};
use crate::lookup::{self, Answer, Found, Machine, Scored};

/// How often a script is tried to be given when the same machine asks several times at once.
const ATTEMPTS: u32 = 5;
/// Why a machine boots from its next device that has nothing else to do.
const NOT_AWAITED: &str = "this machine is not on introspection";

impl Boot<'_> {
    /// What the machine that asks is to boot.
    pub async fn decide(&self, request: BootRequest) -> Result<BootDecision> {
        let claim = request.claim();
        let machine = lookup::of_claim(&claim);
        let found = lookup::find(self.app, &machine).await?;
        let node = match &found.answer {
            Answer::One(node) => node,
            Answer::Ambiguous(nodes) if is_expected(nodes) => &nodes[0],
            Answer::None | Answer::Ambiguous(_) => {
                return self.stranger(claim, &machine, &found).await;
            }
        };
        self.introspect(claim, &machine, node).await
    }

    /// What a machine that is no node for certain is to boot.
    async fn stranger(
        &self,
        claim: BootClaim,
        machine: &Machine,
        found: &Found,
    ) -> Result<BootDecision> {
        if let Some(rival) = running_rival(found, true) {
            self.refuse_rival(rival, machine, claim.source.as_deref())
                .await;
            return Ok(local("another machine is on introspection in its place"));
        }
        self.note_stranger(&claim, found);
        if self.app.settings().discovery.enabled {
            return self.app.discovery().boot(claim).await;
        }
        match &found.answer {
            Answer::Ambiguous(nodes) => {
                let nodes = lookup::shown_all(nodes);
                tracing::warn!(mac = claim.mac, %nodes, "a booting machine fits no node for certain");
                Ok(local(
                    "this machine fits several nodes, or one in part only",
                ))
            }
            _ => Ok(local("this machine is not known")),
        }
    }

    /// Evidence of a machine that fits no node: it may be one that is awaited.
    fn note_stranger(&self, claim: &BootClaim, found: &Found) {
        let source = claim.source.as_deref().unwrap_or("an unknown address");
        let mac = if claim.mac.is_empty() {
            source
        } else {
            &claim.mac
        };
        let told = |name: &str, fact: &Option<String>| {
            let fact = fact.as_ref();
            fact.map_or(String::new(), |fact| format!(", {name} {fact}"))
        };
        let machine = format!(
            "a machine with MAC {mac}{}{} asked from {source}",
            told("system UUID", &claim.system_uuid),
            told("serial number", &claim.serial),
        );
        let (cause, text, nodes) = if let Answer::Ambiguous(nodes) = &found.answer {
            let nodes: Vec<&str> = nodes.iter().map(|it| it.node_uuid.as_str()).collect();
            let text = format!("{machine} and fits the nodes {}", nodes.join(", "));
            (Cause::AmbiguousMachine, text, nodes)
        } else {
            let text = format!("{machine} and fits no node");
            (Cause::UnknownMac, text, Vec::new())
        };
        let facts = json!({"nodes": nodes, "source": source});
        let evidence = self.app.evidence();
        evidence.points(About::Stranger, cause, mac, &text, facts);
    }

    async fn introspect(
        &self,
        claim: BootClaim,
        machine: &Machine,
        node: &Scored,
    ) -> Result<BootDecision> {
        let store = self.app.store();
        for _ in 0..ATTEMPTS {
            let current = store.current_introspection(node.node_id).await?;
            let introspection = match current {
                Some(current) if current.state == IntrospectionState::Waiting => current,
                Some(current) if !current.state.is_final() => return Ok(local(NOT_AWAITED)),
                _ => return self.image(node.node_id, &claim.mac).await,
            };
            let source = claim.source.as_deref();
            if !self.is_claimant(&introspection, machine, source).await? {
                return Ok(local("another machine is on introspection in its place"));
            }
            let nonce = new_nonce()?;
            let (id, before) = (introspection.id, introspection.nonce_hash);
            if let Some(before) = &before {
                let text = "a new boot script took the place of an earlier one";
                let (about, kind) = (About::Introspection(id), EvidenceKind::BootedAgain);
                let evidence = self.app.evidence();
                evidence.note(about, kind, before, text, Value::Null);
            }
            let now = self.app.clock().now();
            if store
                .give_script(id, before, hash(&nonce), claim.clone(), now)
                .await?
            {
                let (uuid, mac) = (introspection.node_uuid, &claim.mac);
                tracing::info!(node = uuid, mac, "boot script served");
                let node = self.app.nodes().by_id(node.node_id).await?;
                return Ok(BootDecision::Introspect {
                    nonce,
                    node: Some(Box::new(node)),
                });
            }
        }
        Ok(local("this machine is no longer on introspection"))
    }

    /// The boot image of a node that nothing else is wanted of.
    async fn image(&self, node_id: i64, mac: &str) -> Result<BootDecision> {
        let node = self.app.nodes().by_id(node_id).await?;
        let image = match node.image_id {
            Some(id) => self.app.store().boot_image(id).await?,
            None => None,
        };
        Ok(match image {
            Some(image) if !image.content.trim().is_empty() => {
                tracing::info!(node = node.uuid, mac, image = image.id, "boot image served");
                BootDecision::Image(Box::new(image))
            }
            _ => local(NOT_AWAITED),
        })
    }
}

/// Whether the best of several nodes is awaited, and what speaks for it is not outweighed: the
/// machine that boots right now is then taken for it. A BMC that tells another system UUID than the
/// machine does not keep it from being introspected that way.
fn is_expected(nodes: &[Scored]) -> bool {
    let expected = |it: &&Scored| {
        it.state == Some(IntrospectionState::Waiting)
            && it.score.has_support()
            && it.score.points >= 0
    };
    let supported = nodes.iter().filter(|it| it.score.has_support());
    supported.count() == 1 && nodes.first().is_some_and(|first| expected(&first))
}
