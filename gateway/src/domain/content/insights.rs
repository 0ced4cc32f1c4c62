//! `insights.toml`: figures and charts, each with who was asked, when, and who says so.

use api_types::{Insights, StepSource};
use serde::Deserialize;

use super::{
    ContentError,
    check::{not_blank, unique},
};
use crate::domain::assessment::Topic;

/// Name inside the content folder.
pub(super) const FILE: &str = "insights.toml";

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct InsightsFile {
    pub(super) topics: Vec<Insights>,
}

impl InsightsFile {
    pub(super) fn check(&self) -> Result<(), ContentError> {
        unique(
            FILE,
            "topic",
            self.topics.iter().map(|insights| insights.topic.as_str()),
        )?;
        for insights in &self.topics {
            if Topic::from_name(&insights.topic).is_none() {
                let reason = format!("unknown topic {:?}", insights.topic);
                return Err(ContentError::invalid(FILE, reason));
            }
        }
        for theme in Topic::THEMES {
            let insights = self
                .topics
                .iter()
                .find(|insights| insights.topic == theme.as_str())
                .ok_or_else(|| {
                    ContentError::invalid(FILE, format!("{} is missing", theme.as_str()))
                })?;
            check_topic(insights)?;
        }
        let statistics = self.topics.iter().flat_map(|insights| &insights.statistics);
        unique(
            FILE,
            "statistic",
            statistics.map(|statistic| statistic.id.as_str()),
        )?;
        let charts = self.topics.iter().flat_map(|insights| &insights.charts);
        unique(FILE, "chart", charts.map(|chart| chart.id.as_str()))
    }
}

fn check_topic(insights: &Insights) -> Result<(), ContentError> {
    not_blank(
        FILE,
        &format!("message of {}", insights.topic),
        &insights.message,
    )?;
    if insights.statistics.is_empty() || insights.charts.is_empty() {
        let reason = format!("{} needs statistics and charts", insights.topic);
        return Err(ContentError::invalid(FILE, reason));
    }
    for statistic in &insights.statistics {
        let what = format!("statistic {:?}", statistic.id);
        check_source(&what, &statistic.source)?;
        not_blank(
            FILE,
            &format!("population of {what}"),
            &statistic.population,
        )?;
        not_blank(FILE, &format!("year of {what}"), &statistic.year)?;
        check_value(&what, &statistic.unit, statistic.value)?;
    }
    for chart in &insights.charts {
        let what = format!("chart {:?}", chart.id);
        check_source(&what, &chart.source)?;
        not_blank(FILE, &format!("title of {what}"), &chart.title)?;
        if !["bar", "line"].contains(&chart.kind.as_str()) {
            let reason = format!("{what}: kind must be \"bar\" or \"line\"");
            return Err(ContentError::invalid(FILE, reason));
        }
        if chart.points.len() < 2 {
            return Err(ContentError::invalid(
                FILE,
                format!("{what} needs two points or more"),
            ));
        }
        for point in &chart.points {
            check_value(&what, &chart.unit, point.value)?;
        }
    }
    Ok(())
}

fn check_source(what: &str, source: &StepSource) -> Result<(), ContentError> {
    let has_address = source
        .url
        .as_deref()
        .is_some_and(|url| url.starts_with("http"));
    if source.name.trim().is_empty() || !has_address {
        return Err(ContentError::invalid(
            FILE,
            format!("{what} has no source with an address"),
        ));
    }
    Ok(())
}

fn check_value(what: &str, unit: &str, value: f64) -> Result<(), ContentError> {
    let fits = value.is_finite() && value >= 0.0 && (unit != "%" || value <= 100.0);
    if fits {
        Ok(())
    } else {
        Err(ContentError::invalid(
            FILE,
            format!("{what}: {value} {unit} is not possible"),
        ))
    }
}
