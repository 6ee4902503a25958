//! The scheduler: which host takes an instance.

use super::clock::Moment;
use super::host::Resources;
use super::{Cloud, Instance};
use crate::openstack::faults::BadEnd;

/// What Nova says when nothing fits.
pub(super) const NO_VALID_HOST: &str =
    "No valid host was found. There are not enough hosts available.";

impl Cloud {
    /// The availability zone of a host; `nova` is the one of all that no aggregate claims.
    pub(in crate::openstack) fn zone(&self, host: usize) -> &str {
        let name = &self.hosts[host].name;
        let claims = self
            .aggregates
            .values()
            .filter(|it| it.hosts.contains(name));
        let mut zones = claims.filter_map(|aggregate| aggregate.zone());
        zones.next().unwrap_or("nova")
    }

    /// A host for an instance, or none: never the one that it is on, and `wanted` alone if there is a wish. It is
    /// the one with the most memory left.
    pub(super) fn choose(
        &mut self,
        number: u64,
        action: &str,
        wanted: Option<usize>,
        now: Moment,
    ) -> Option<usize> {
        if self.is_to_end(number, action, BadEnd::NoValidHost) {
            return None;
        }
        let instance = self.instances.get(&number)?;
        let needs = self.needs(instance);
        let all = match wanted {
            Some(wanted) => wanted..wanted + 1,
            None => 0..self.hosts.len(),
        };
        let fitting = all.filter(|host| self.takes(*host, instance, needs, now));
        fitting.max_by_key(|host| {
            let host = &self.hosts[*host];
            let left = host.capacity().minus(host.used).ram_mb;
            // The first of those that are alike.
            (left, std::cmp::Reverse(host.number))
        })
    }

    fn takes(&self, place: usize, instance: &Instance, needs: Resources, now: Moment) -> bool {
        let host = &self.hosts[place];
        let is_in_zone = instance
            .zone
            .as_ref()
            .is_none_or(|zone| zone == self.zone(place));
        !host.is_disabled
            && self.is_up(place, now)
            && instance.host != Some(place)
            && host.has_room(needs)
            && is_in_zone
            && self.keeps_policy(place, instance)
    }

    /// Whether the rule of the instance's server group allows it there.
    fn keeps_policy(&self, place: usize, instance: &Instance) -> bool {
        let id = instance.group.as_ref();
        let Some(group) = id.and_then(|id| self.groups.iter().find(|group| group.id == *id)) else {
            return true;
        };
        let others = group.members.iter().filter(|it| **it != instance.number);
        let others = others.filter_map(|number| self.instances.get(number));
        match group.policy.as_str() {
            "anti-affinity" => {
                let there = others.filter(|other| self.is_or_comes(other, place));
                (there.count() as u64) < group.max_server_per_host.unwrap_or(1)
            }
            "affinity" => {
                let mut homes = others.filter_map(|other| other.host).peekable();
                homes.peek().is_none() || homes.any(|home| home == place)
            }
            _ => true,
        }
    }

    /// Whether an instance is on a host, or on its way there.
    fn is_or_comes(&self, instance: &Instance, place: usize) -> bool {
        let held = self.allocations.get(&instance.id);
        instance.host == Some(place) || held.is_some_and(|(_, hosts)| hosts.contains(&place))
    }
}
