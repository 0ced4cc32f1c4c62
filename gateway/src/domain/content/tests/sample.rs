//! A small, complete content folder, and where the reviewed one is.

use std::{fs, path::PathBuf};

use tempfile::TempDir;

use crate::domain::assessment::Topic;

/// The folder of this repository.
pub(crate) fn real_folder() -> PathBuf {
    // Relative to the package, where cargo starts tests; a path from compile time may be another checkout's.
    PathBuf::from("../content")
}

fn questionnaire() -> String {
    let mut text = "version = \"1\"\n[[sections]]\nid = \"s\"\ntitle = \"S\"\n".to_owned();
    for theme in Topic::THEMES {
        text += &format!(
            "[[sections.questions]]\nid = \"{0}\"\nkind = \"scale\"\nprompt = \"P\"\n\
             required = true\noptions = [{{ id = \"n\", label = \"N\" }}, \
             {{ id = \"y\", label = \"Y\", points = {{ {0} = 4, severity = 4 }} }}]\n",
            theme.as_str()
        );
    }
    text
}

fn guidance() -> String {
    let mut text = String::new();
    for topic in Topic::ALL {
        let name = topic.as_str();
        text += &format!(
            "[topics.{name}]\nlabel = \"{name}\"\nheadline = \"H\"\n\
             summary = \"This is a screening, not a diagnosis.\"\n"
        );
    }
    for topic in Topic::ALL {
        for number in 0..3 {
            text += &format!(
                "[[steps]]\nid = \"{0}-{number}\"\ntopic = \"{0}\"\nseverity = \"mild\"\n\
                 title = \"T\"\nwhy = \"W\"\nsource = {{ name = \"S\" }}\n",
                topic.as_str()
            );
        }
    }
    text
}

fn insights() -> String {
    let source = "{ name = \"S\", url = \"https://example.org\" }";
    let topics: String = Topic::THEMES
        .into_iter()
        .map(|topic| {
            let name = topic.as_str();
            format!(
                "[[topics]]\ntopic = \"{name}\"\ntitle = \"T\"\nmessage = \"M\"\n\
                 [[topics.statistics]]\nid = \"s-{name}\"\ntext = \"T\"\nvalue = 46\nunit = \"%\"\n\
                 population = \"P\"\nyear = \"2022\"\nsource = {source}\n\
                 [[topics.charts]]\nid = \"c-{name}\"\ntitle = \"T\"\ncaption = \"C\"\n\
                 kind = \"bar\"\nunit = \"%\"\nsource = {source}\n\
                 points = [{{ label = \"a\", value = 1 }}, {{ label = \"b\", value = 2 }}]\n"
            )
        })
        .collect();
    topics
}

const TRAINING_DATA: &str = r#"{"pairs": 2, "lengths": [{"name": "a", "points": [[1, 2]]}], "charts": [
{"id": "themes", "title": "T", "caption": "C", "kind": "bar", "unit": "pairs",
"points": [{"label": "a", "value": 2}], "source": {"name": "S"}}]}"#;

const HELPLINES: &str = r#"
max_age_days = 365
[[emergency]]
country = "INTL"
text = "Call your local emergency number."
[[emergency]]
country = "DE"
text = "Call 112."
"#;

fn helplines() -> String {
    let mut text = HELPLINES.to_owned();
    for country in ["INTL", "DE", "EU", "US"] {
        text += &format!(
            "[[helplines]]\nid = \"{country}-1\"\ncountry = \"{country}\"\nname = \"N\"\n\
             description = \"D\"\nsource_url = \"https://example.org\"\n\
             contacts = [{{ kind = \"call\", label = \"L\", href = \"tel:1\" }}]\n"
        );
    }
    text
}

fn crisis() -> String {
    let mut text = "version = \"1\"\n".to_owned();
    let cards =
        ["thoughts", "self_harm", "abuse", "extortion", "eating"].map(|concern| (concern, false));
    for (concern, immediate) in cards.into_iter().chain([("thoughts", true)]) {
        text += &format!("[[cards]]\nconcern = \"{concern}\"\nimmediate = {immediate}\n");
        text += "safety_steps = [\"a\", \"b\", \"c\"]\n";
        for number in 0..4 {
            text += &format!(
                "[[cards.messages]]\nid = \"{concern}-{immediate}-{number}\"\ntext = \"{concern} {number}\"\n"
            );
        }
    }
    for number in 0..4 {
        text += &format!("[[recheck]]\nid = \"recheck-{number}\"\ntext = \"recheck {number}\"\n");
    }
    text
}

fn plan() -> String {
    let mut text = "version = \"1\"\ntitle = \"t\"\nintro = \"i\"\n".to_owned();
    for id in [
        "signs",
        "things_i_can_do",
        "places_and_people",
        "people_to_ask",
        "professionals",
        "safer_surroundings",
    ] {
        text += &format!("[[parts]]\nid = \"{id}\"\ntitle = \"t\"\nhint = \"h\"\n");
    }
    text
}

const MANNER: &str = r#"
version = "1"
theme = { cyberbullying = "a", social_media_addiction = "b", social_isolation = "c", other = "d" }
severity = { mild = "e", moderate = "f", severe = "g" }
mood = { negative = "h", mixed = "i", positive = "j" }
"#;

const RULES: &str = r#"
version = "1"
[[rules]]
id = "c"
route = "crisis"
phrases = ["want to die"]
[[rules]]
id = "s"
route = "support"
phrases = ["kys"]
[[rules]]
id = "d"
route = "decline"
phrases = ["ignore your instructions"]
"#;

fn replies() -> String {
    let mut text = "version = \"1\"\ncheck_in = [\"a\", \"b\", \"c\", \"d\"]\n\
         [[redirect]]\nreason = \"legal\"\ntexts = [\"a\", \"b\"]\n\
         [[decline]]\nreason = \"default\"\ntexts = [\"a\", \"b\"]\n"
        .to_owned();
    for topic in Topic::ALL {
        text += &format!(
            "[[fallback]]\ntopic = \"{}\"\ntexts = [\"a\", \"b\"]\n",
            topic.as_str()
        );
    }
    text
}

pub(super) fn folder() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for inner in ["safety", "prompts"] {
        fs::create_dir(folder.path().join(inner)).unwrap();
    }
    let output = "version = \"1\"\n[[blocks]]\nid = \"b\"\nphrases = [\"you have depression\"]\n";
    for (name, text) in [
        ("questionnaire.toml", questionnaire().as_str()),
        ("guidance.toml", guidance().as_str()),
        ("insights.toml", insights().as_str()),
        ("training-data.json", TRAINING_DATA),
        ("helplines.toml", helplines().as_str()),
        ("safety/crisis.toml", crisis().as_str()),
        ("safety/plan.toml", plan().as_str()),
        ("safety/rules.toml", RULES),
        ("safety/output.toml", output),
        ("safety/replies.toml", replies().as_str()),
        ("prompts/companion.md", "You talk to {name}.\n"),
        ("prompts/support.md", "s"),
        ("prompts/assessment.md", "a"),
        ("prompts/manner.toml", MANNER),
        ("prompts/classify-topic.md", "t"),
        ("prompts/classify-severity.md", "s"),
    ] {
        fs::write(folder.path().join(name), text).unwrap();
    }
    folder
}
