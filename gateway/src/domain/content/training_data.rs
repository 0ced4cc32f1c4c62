//! `training-data.json`: what `trainer eda` counted in the training data, for whoever wants to see it.

use std::path::Path;

use api_types::TrainingData;

use super::{
    ContentError,
    check::{not_blank, unique},
    read_text,
};

/// Name inside the content folder.
pub(super) const FILE: &str = "training-data.json";

/// Reads and checks the file.
pub(super) fn read(folder: &Path) -> Result<TrainingData, ContentError> {
    let text = read_text(folder, FILE)?;
    let data: TrainingData = serde_json::from_str(&text).map_err(|error| ContentError::Parse {
        file: folder.join(FILE),
        message: error.to_string(),
    })?;
    let invalid = |reason: &str| ContentError::invalid(FILE, reason.to_owned());
    if data.charts.is_empty() {
        return Err(invalid("there is no chart"));
    }
    unique(
        FILE,
        "chart",
        data.charts.iter().map(|chart| chart.id.as_str()),
    )?;
    for chart in &data.charts {
        not_blank(FILE, &format!("title of {}", chart.id), &chart.title)?;
        if chart.kind != "bar" || chart.points.is_empty() {
            return Err(invalid(&format!("{} needs bars", chart.id)));
        }
    }
    Ok(data)
}
