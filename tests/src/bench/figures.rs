//! The measured figures beside what is asked of them.

/// All figures of a run, in order.
#[derive(Default)]
pub(crate) struct Figures {
    rows: Vec<(String, f64, String)>,
}

impl Figures {
    /// Notes one figure; `asked` is what the product promises, in words.
    pub(crate) fn note(&mut self, what: &str, value: f64, asked: &str) {
        println!("{what}: {value:.1} (asked: {asked})");
        self.rows.push((what.to_owned(), value, asked.to_owned()));
    }

    /// Prints all of them as a table.
    pub(crate) fn print(&self) {
        println!("\n{:<58} {:>12}  asked", "figure", "measured");
        for (what, value, asked) in &self.rows {
            println!("{what:<58} {value:>12.1}  {asked}");
        }
    }
}

/// The value below which that share of the sorted values lies.
pub(crate) fn percentile(sorted: &[f64], share: f64) -> f64 {
    let last = sorted.len().saturating_sub(1);
    let place = sorted
        .iter()
        .enumerate()
        .take_while(|(index, _)| *index as f64 <= share * last as f64);
    place.last().map_or(0.0, |(_, value)| *value)
}
