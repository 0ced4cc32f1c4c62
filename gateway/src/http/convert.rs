//! Domain values into the vocabulary of the API and back: the only place that knows both.

use api_types as api;
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use crate::domain::{
    assessment::{
        guidance::Guidance,
        score::{AssessmentScore, Scored},
    },
    chat::events::{TurnEnd, TurnEvent},
    content::{Content, questionnaire as sheet},
    guardrails::{
        SafetyState,
        crisis::{CardChoice, CrisisCard},
        decide::Route,
    },
    questionnaire::{self, Progress},
    session::{
        AgeBand, Author, Completeness, NewSession, Retention, SessionRecord, StorageWish,
        StoredMessage,
    },
};

use super::problem::HttpProblem;

pub(super) fn new_session(body: api::CreateSession) -> NewSession {
    NewSession {
        name: body.name,
        age: body.age,
        country: body.country,
        locale: body.locale,
        terms: body.consent.terms,
        storage: match body.consent.storage {
            api::StorageConsent::Session => StorageWish::Session,
            api::StorageConsent::Keep => StorageWish::Keep {
                days: body.consent.keep_days,
            },
        },
    }
}

pub(super) fn session(record: &SessionRecord) -> api::Session {
    api::Session {
        id: record.access.id.to_string(),
        name: record.name.clone(),
        age_band: match record.age_band {
            AgeBand::From13To15 => api::AgeBand::From13To15,
            AgeBand::From16To17 => api::AgeBand::From16To17,
            AgeBand::From18To25 => api::AgeBand::From18To25,
            AgeBand::From26 => api::AgeBand::From26,
        },
        country: record.country.clone(),
        locale: record.locale.clone(),
        storage: match record.retention {
            Retention::Session => api::StorageConsent::Session,
            Retention::Keep { .. } => api::StorageConsent::Keep,
        },
        keep_days: record.retention.keep_days(),
        expires_at: rfc3339(record.expires_ms),
    }
}

pub(super) fn session_status(record: &SessionRecord, content: &Content) -> api::SessionStatus {
    let current =
        record.questionnaire_version.as_deref() == Some(content.questionnaire.version.as_str());
    let answers = if current {
        record.answers.clone()
    } else {
        Default::default()
    };
    api::SessionStatus {
        session: session(record),
        questionnaire_version: record.questionnaire_version.clone().filter(|_| current),
        answers_complete: questionnaire::progress(&content.questionnaire, &answers).complete,
        answers,
        assessed: record.assessment.is_some(),
        crisis: SafetyState::from_level(record.safety).is_open(),
        recovery_phrase: record.recovery_lookup.is_some(),
    }
}

pub(super) fn progress(progress: Progress) -> api::AnswersProgress {
    api::AnswersProgress {
        answered: progress.answered,
        required: progress.required,
        complete: progress.complete,
    }
}

pub(super) fn questionnaire(sheet: &sheet::Questionnaire) -> api::Questionnaire {
    api::Questionnaire {
        version: sheet.version.clone(),
        sections: sheet
            .sections
            .iter()
            .map(|section| api::Section {
                id: section.id.clone(),
                title: section.title.clone(),
                questions: section.questions.iter().map(question).collect(),
            })
            .collect(),
    }
}

fn question(question: &sheet::Question) -> api::Question {
    api::Question {
        id: question.id.clone(),
        kind: match question.kind {
            sheet::QuestionKind::Single => api::QuestionKind::Single,
            sheet::QuestionKind::Multi => api::QuestionKind::Multi,
            sheet::QuestionKind::Scale => api::QuestionKind::Scale,
        },
        prompt: question.prompt.clone(),
        help: question.help.clone(),
        required: question.required,
        options: question
            .options
            .iter()
            .map(|option| api::QuestionOption {
                id: option.id.clone(),
                label: option.label.clone(),
            })
            .collect(),
    }
}

pub(super) fn history(
    messages: Vec<StoredMessage>,
    session: &SessionRecord,
    content: &Content,
) -> api::ChatHistory {
    let messages = messages
        .into_iter()
        .map(|message| api::ChatMessage {
            turn_id: message.turn_id.to_string(),
            variant_id: message.variant_id.map(|id| id.to_string()),
            role: match message.author {
                Author::Person => api::MessageRole::User,
                Author::Companion => api::MessageRole::Assistant,
            },
            state: match message.completeness {
                Completeness::Complete => api::MessageState::Complete,
                Completeness::Cancelled => api::MessageState::Cancelled,
                Completeness::CutOff => api::MessageState::CutOff,
            },
            route: Some(message.author)
                .filter(|author| *author == Author::Companion)
                .and_then(|_| Route::from_code(&message.route))
                .map(route),
            crisis: message.card.map(|shown| {
                crisis(CrisisCard::choose(
                    content,
                    session.country.as_deref(),
                    CardChoice::from_number(shown),
                ))
            }),
            text: message.text,
            at: rfc3339(message.at_ms),
        })
        .collect();
    api::ChatHistory { messages }
}

pub(super) fn stream_event(event: TurnEvent, request_id: &str) -> api::StreamEvent {
    match event {
        TurnEvent::Meta {
            turn_id,
            variant_id,
            model,
            prompt_hash,
            queued,
        } => api::StreamEvent::Meta(api::MetaEvent {
            turn_id: turn_id.to_string(),
            variant_id: variant_id.to_string(),
            model: model.unwrap_or_else(|| "none".to_owned()),
            prompt_hash,
            queued_ms: milliseconds(queued),
        }),
        TurnEvent::Classification {
            score,
            classifier_used,
        } => api::StreamEvent::Classification(classification(score, classifier_used)),
        TurnEvent::Guidance(chosen) => api::StreamEvent::Guidance(guidance(chosen)),
        TurnEvent::Guard {
            route: chosen,
            reasons,
        } => api::StreamEvent::Guard(api::GuardEvent {
            route: route(chosen),
            reasons,
        }),
        TurnEvent::Crisis(card) => api::StreamEvent::Crisis(crisis(card)),
        TurnEvent::Delta(text) => api::StreamEvent::Delta(api::DeltaEvent { text }),
        TurnEvent::Done {
            end,
            prompt_tokens,
            completion_tokens,
            first_delta,
            total,
            take_a_break,
        } => api::StreamEvent::Done(api::DoneEvent {
            finish: finish(end),
            usage: api::Usage {
                prompt_tokens,
                completion_tokens,
            },
            ttft_ms: first_delta.map(milliseconds),
            total_ms: milliseconds(total),
            take_a_break,
        }),
        TurnEvent::Failed(error) => {
            api::StreamEvent::Error(HttpProblem::from(error).with_request_id(request_id))
        }
    }
}

fn classification(score: AssessmentScore, classifier_used: bool) -> api::ClassificationEvent {
    api::ClassificationEvent {
        topic: scored(score.topic),
        severity: scored(score.severity),
        contributions: score
            .contributions
            .into_iter()
            .map(|contribution| api::Contribution {
                question_id: contribution.question_id,
                prompt: contribution.prompt,
                topic: contribution.topic,
                points: contribution.points,
            })
            .collect(),
        classifier_used,
    }
}

fn scored(scored: Scored) -> api::Scored {
    api::Scored {
        label: scored.label,
        scores: scored.scores,
    }
}

fn guidance(guidance: Guidance) -> api::GuidanceEvent {
    api::GuidanceEvent {
        headline: guidance.headline,
        summary: guidance.summary,
        steps: guidance
            .steps
            .into_iter()
            .map(|step| api::GuidanceStep {
                title: step.title,
                why: step.why,
                source: step.source,
            })
            .collect(),
        insights: guidance.insights,
    }
}

fn crisis(card: CrisisCard) -> api::CrisisEvent {
    api::CrisisEvent {
        message: card.message,
        helplines: card.helplines,
        safety_steps: card.safety_steps,
    }
}

const fn route(route: Route) -> api::GuardRoute {
    match route {
        Route::Crisis => api::GuardRoute::Crisis,
        Route::Decline => api::GuardRoute::Decline,
        Route::Redirect => api::GuardRoute::Redirect,
        Route::CheckIn => api::GuardRoute::CheckIn,
        Route::Support => api::GuardRoute::Support,
        Route::Answer => api::GuardRoute::Answer,
    }
}

const fn finish(end: TurnEnd) -> api::FinishReason {
    match end {
        TurnEnd::Stop => api::FinishReason::Stop,
        TurnEnd::Length => api::FinishReason::Length,
        TurnEnd::Guarded => api::FinishReason::Guarded,
        TurnEnd::Cancelled => api::FinishReason::Cancelled,
    }
}

fn milliseconds(duration: std::time::Duration) -> u32 {
    u32::try_from(duration.as_millis()).unwrap_or(u32::MAX)
}

pub(super) fn rfc3339(milliseconds: i64) -> String {
    OffsetDateTime::from_unix_timestamp(milliseconds / 1000)
        .ok()
        .and_then(|time| time.format(&Rfc3339).ok())
        .unwrap_or_default()
}
