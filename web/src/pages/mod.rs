//! One file for each route, and the parts of the frame that call the server. Pages fetch, keep
//! state, and compose components.

mod chat;
mod chat_actions;
mod clipboard;
mod data;
mod data_words;
mod gate;
mod help;
mod insights;
mod leave;
mod not_found;
mod page_header;
mod plan;
mod question;
mod questionnaire;
mod questionnaire_steps;
mod recover;
mod result;
mod result_view;
mod training_data;
mod welcome;
mod welcome_form;

pub(crate) use chat::ChatPage;
pub(crate) use data::DataPage;
pub(crate) use gate::find_session;
pub(crate) use help::HelpDialog;
pub(crate) use insights::InsightsPage;
pub(crate) use leave::{LeftPage, NeutralPage};
pub(crate) use not_found::NotFoundPage;
pub(crate) use page_header::PageHeader;
pub(crate) use plan::PlanPage;
pub(crate) use question::QuestionPage;
pub(crate) use questionnaire::QuestionnairePage;
pub(crate) use recover::RecoverPage;
pub(crate) use result::ResultPage;
pub(crate) use training_data::TrainingDataPage;
pub(crate) use welcome::WelcomePage;
