-- The safety plan in the person's own words: a JSON object from part to text.
ALTER TABLE sessions ADD COLUMN safety_plan TEXT NOT NULL DEFAULT '{}';
