"""A CSV to a trained network with pandas and scikit-learn, stage by stage, as one line of JSON.

`cargo xtask bench e2e --peers` makes the table and calls this beside chainrule. Both hold a fifth
of the rows out, scale the numbers, make the ten colours ten columns and the thousand cities one,
and train 41-64-64-1 with relu for one epoch of batches of 1,024 with Adam.
"""
import argparse
import json
import os
import pickle
import resource
import time


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("table")
    parser.add_argument("model")
    parser.add_argument("--threads", type=int, default=1)
    given = parser.parse_args()
    for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ[name] = str(given.threads)
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: given.threads])
    stages, since = {}, [time.perf_counter()]

    def end(stage):
        now = time.perf_counter()
        stages[stage], since[0] = now - since[0], now

    import numpy
    import pandas
    from sklearn.compose import ColumnTransformer
    from sklearn.metrics import log_loss
    from sklearn.model_selection import train_test_split
    from sklearn.neural_network import MLPClassifier
    from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, StandardScaler

    end("import")
    table = pandas.read_csv(given.table)
    end("read")
    y = table["y"].to_numpy()
    table = table.drop(columns="y")
    numbers = [name for name in table.columns if name not in ("color", "city")]
    parts = train_test_split(table, y, test_size=0.2, random_state=0)
    training, validation, y_training, y_validation = parts
    del table
    encoder = ColumnTransformer(
        [
            ("numbers", StandardScaler(), numbers),
            ("color", OneHotEncoder(sparse_output=False, dtype=numpy.float32), ["color"]),
            ("city", OrdinalEncoder(dtype=numpy.float32), ["city"]),
        ],
        sparse_threshold=0,
    )
    x = encoder.fit_transform(training).astype(numpy.float32)
    x_validation = encoder.transform(validation).astype(numpy.float32)
    for rows in (x, x_validation):
        rows[:, -1] = rows[:, -1] / 500 - 1  # The city's number on the others' scale.
    end("encode")
    network = MLPClassifier((64, 64), batch_size=1024, solver="adam", alpha=0, random_state=0)
    network.partial_fit(x, y_training, classes=[0, 1])
    end("train")
    probabilities = network.predict_proba(x_validation)
    accuracy = float((probabilities.argmax(1) == y_validation).mean())
    loss = float(log_loss(y_validation, probabilities))
    end("evaluate")
    with open(given.model, "wb") as file:
        pickle.dump((encoder, network), file)
    end("write")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    said = {"accuracy": accuracy, "log_loss": loss, "stages": stages | {"peak_bytes": peak}}
    print(json.dumps(said), flush=True)


if __name__ == "__main__":
    main()
