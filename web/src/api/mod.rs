//! The only room that speaks HTTP. In: typed requests from the pages. Out: the gateway's typed
//! answers, or an [`ApiError`] that can be shown to a person.

mod calls;
mod error;
mod event_parser;
mod http;
mod stream;
mod trace;

pub(crate) use calls::{
    EXPORT_HREF, EXPORT_JSON_HREF, EXPORT_PAGE_HREF, HELP_PAGE_HREF, chat_history, create_session,
    delete_chat, end_session, helplines, insights, make_recovery_phrase, questionnaire,
    recover_session, safety_plan, save_answers, save_safety_plan, send_feedback, session_status,
    training_data,
};
pub(crate) use error::ApiError;
pub(crate) use stream::{StreamAbort, stream_answer, stream_assessment, stream_regenerated};
