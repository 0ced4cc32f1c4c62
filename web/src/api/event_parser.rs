//! Server-sent events from the bytes of a fetch body. In: chunks, cut anywhere, even inside a
//! character. Out: whole events. By hand, because `EventSource` can neither POST nor be aborted.
//! Follows the "event stream interpretation" of the HTML standard, without `id` and `retry`.

use api_types::StreamEvent;
use serde::de::DeserializeOwned;

/// Longest line that is kept, in bytes. An assessment with all its contributions is about 20 kB.
const LONGEST_LINE: usize = 1 << 20;

/// One event before its data is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RawEvent {
    /// From the `event:` line.
    pub(crate) name: String,
    /// The `data:` lines, joined by line feeds.
    pub(crate) data: String,
}

/// What cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum EventError {
    /// A line is longer than [`LONGEST_LINE`].
    LineTooLong,
    /// The data of a known event has another shape.
    BadData,
}

/// Keeps what is not a whole event yet.
#[derive(Debug, Default)]
pub(crate) struct EventParser {
    line: Vec<u8>,
    after_carriage_return: bool,
    started: bool,
    name: String,
    data: Option<String>,
}

impl EventParser {
    /// Takes the next bytes and gives the events that they complete.
    pub(crate) fn push(&mut self, chunk: &[u8]) -> Result<Vec<RawEvent>, EventError> {
        let mut events = Vec::new();
        for &byte in chunk {
            let after_carriage_return = std::mem::take(&mut self.after_carriage_return);
            match byte {
                b'\n' if after_carriage_return => {}
                b'\n' | b'\r' => {
                    self.after_carriage_return = byte == b'\r';
                    events.extend(self.end_line());
                }
                _ if self.line.len() >= LONGEST_LINE => return Err(EventError::LineTooLong),
                _ => self.line.push(byte),
            }
        }
        Ok(events)
    }

    fn end_line(&mut self) -> Option<RawEvent> {
        let bytes = std::mem::take(&mut self.line);
        let text = String::from_utf8_lossy(&bytes);
        let mut line: &str = &text;
        if !std::mem::replace(&mut self.started, true) {
            line = line.strip_prefix('\u{feff}').unwrap_or(line);
        }
        if line.is_empty() {
            return self.end_event();
        }
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "event" => value.clone_into(&mut self.name),
            "data" => match &mut self.data {
                Some(data) => {
                    data.push('\n');
                    data.push_str(value);
                }
                None => self.data = Some(value.to_owned()),
            },
            // A comment (the field before the colon is empty) keeps the connection alive.
            _ => {}
        }
        None
    }

    fn end_event(&mut self) -> Option<RawEvent> {
        let name = std::mem::take(&mut self.name);
        let data = self.data.take()?;
        Some(RawEvent { name, data })
    }
}

/// Reads the data of an event. None for a name that this version does not know, so that the
/// gateway may add events.
pub(crate) fn decode(raw: &RawEvent) -> Option<Result<StreamEvent, EventError>> {
    let data = raw.data.as_str();
    let event = match raw.name.as_str() {
        "meta" => read(data).map(StreamEvent::Meta),
        "classification" => read(data).map(StreamEvent::Classification),
        "guidance" => read(data).map(StreamEvent::Guidance),
        "guard" => read(data).map(StreamEvent::Guard),
        "crisis" => read(data).map(StreamEvent::Crisis),
        "delta" => read(data).map(StreamEvent::Delta),
        "done" => read(data).map(StreamEvent::Done),
        "error" => read(data).map(StreamEvent::Error),
        _ => return None,
    };
    Some(event)
}

fn read<T: DeserializeOwned>(data: &str) -> Result<T, EventError> {
    serde_json::from_str(data).map_err(|_| EventError::BadData)
}

#[cfg(test)]
mod tests {
    use super::*;
    use api_types::DeltaEvent;

    const STREAM: &str = "event: delta\ndata: {\"text\":\"Schön, 你好 🌱.\"}\n\n\
        : keep-alive\n\nevent: done\ndata: {}\n\n";

    fn all(chunks: &[&[u8]]) -> Vec<RawEvent> {
        let mut parser = EventParser::default();
        let mut events = Vec::new();
        for chunk in chunks {
            events.extend(parser.push(chunk).unwrap());
        }
        events
    }

    #[test]
    fn every_way_to_cut_the_bytes_in_two_gives_the_same_events() {
        let bytes = STREAM.as_bytes();
        let whole = all(&[bytes]);
        assert_eq!(whole.len(), 2);
        assert_eq!(whole[0].data, "{\"text\":\"Schön, 你好 🌱.\"}");
        for cut in 0..=bytes.len() {
            assert_eq!(all(&[&bytes[..cut], &bytes[cut..]]), whole, "cut at {cut}");
        }
    }

    #[test]
    fn single_bytes_give_the_same_events() {
        let bytes: Vec<&[u8]> = STREAM.as_bytes().chunks(1).collect();
        assert_eq!(all(&bytes), all(&[STREAM.as_bytes()]));
    }

    #[test]
    fn all_three_line_endings_are_read() {
        let expected = all(&[STREAM.as_bytes()]);
        for ending in ["\r\n", "\r"] {
            let text = STREAM.replace('\n', ending);
            for cut in 0..=text.len() {
                let bytes = text.as_bytes();
                assert_eq!(all(&[&bytes[..cut], &bytes[cut..]]), expected);
            }
        }
    }

    #[test]
    fn an_event_that_is_not_ended_is_not_given() {
        assert!(all(&[b"event: delta\ndata: {}\n"]).is_empty());
    }

    #[test]
    fn several_data_lines_are_joined_and_an_event_without_data_is_dropped() {
        let events = all(&[b"\xef\xbb\xbfevent: a\ndata: one\ndata:two\n\nevent: b\n\ndata\n\n"]);
        let found: Vec<_> = events
            .iter()
            .map(|e| (e.name.as_str(), e.data.as_str()))
            .collect();
        assert_eq!(found, [("a", "one\ntwo"), ("", "")]);
    }

    #[test]
    fn a_line_without_end_is_refused() {
        let mut parser = EventParser::default();
        let long = vec![b'x'; LONGEST_LINE + 1];
        assert_eq!(parser.push(&long), Err(EventError::LineTooLong));
    }

    #[test]
    fn known_events_are_decoded_and_unknown_names_are_skipped() {
        let raw = |name: &str, data: &str| RawEvent {
            name: name.into(),
            data: data.into(),
        };
        assert_eq!(
            decode(&raw("delta", r#"{"text":"Hi."}"#)),
            Some(Ok(StreamEvent::Delta(DeltaEvent { text: "Hi.".into() })))
        );
        assert_eq!(decode(&raw("delta", "{")), Some(Err(EventError::BadData)));
        assert_eq!(decode(&raw("later", "{}")), None);
    }
}
