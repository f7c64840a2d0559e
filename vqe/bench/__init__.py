"""`vqe bench`: what a query costs and how wrong its answers are, beside the plain way of asking.

question.py reads the query, database.py makes the folders, and ready.py all that is needed before the first round.
rounds.py lets the plain way (plain.py) and the plan spaces (measure.py) take turns, on stretches (sample.py) where the
video is long. replay.py lets labels answer in place of the model. truth.py and answer.py say how wrong an answer is;
result.py and summary.py hold what came out, for table.py, picture.py and export.py.
"""
