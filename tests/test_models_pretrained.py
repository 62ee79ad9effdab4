"""Published weights under both sites' names, from a server, from the cache and off line; and those of the book."""

import functools
import hashlib
import http.server
import os
import subprocess
import sys
import threading
import warnings
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import ResNetConfig, ResNetForImageClassification

from convbook import data, models
from convbook.models import pretrained
from convbook.models.huggingface import huggingface_name, to_huggingface
from convbook.models.pretrained import about, filled, load_committed, load_pretrained

# as in the config.json of microsoft/resnet-*: widths of the stages, blocks in each
THEIRS = {
    18: ("basic", (64, 128, 256, 512), (2, 2, 2, 2)),
    34: ("basic", (64, 128, 256, 512), (3, 4, 6, 3)),
    50: ("bottleneck", (256, 512, 1024, 2048), (3, 4, 6, 3)),
    101: ("bottleneck", (256, 512, 1024, 2048), (3, 4, 23, 3)),
    152: ("bottleneck", (256, 512, 1024, 2048), (3, 8, 36, 3)),
}
DATA = os.environ.get("CONVBOOK_DATA", "")


def theirs(depth):
    kind, widths, depths = THEIRS[depth]
    config = ResNetConfig(layer_type=kind, hidden_sizes=list(widths), depths=list(depths), num_labels=1000)
    with torch.device("meta"):
        return ResNetForImageClassification(config).eval()


def empty(name):
    """The model without memory for its weights."""
    with torch.device("meta"):
        return models.create(name)


def random_state(model, seed):
    """Random weights for every entry, norms and means too; γ below 1, so that 152 layers keep the signal's size."""
    random, state = torch.Generator().manual_seed(seed), {}
    for key, value in model.state_dict().items():
        if value.ndim > 1:
            bound = (6 / value[0].numel()) ** 0.5  # He's variance, drawn uniformly
            state[key] = torch.empty(value.shape).uniform_(-bound, bound, generator=random)
        elif value.is_floating_point():
            low = 0.9 if key.endswith("running_var") else 0.2 if key.endswith("weight") else -0.1
            state[key] = low + 0.2 * torch.rand(value.shape, generator=random)
        else:
            state[key] = torch.tensor(seed)
    return state


@pytest.mark.parametrize("depth", THEIRS)
def test_weights_of_transformers_give_the_same_scores_there_and_back(depth):
    """Theirs into ours, then other weights of ours into theirs, which takes them only if every name is right."""
    other, x = theirs(depth), torch.randn(2, 3, 70, 85, generator=torch.Generator().manual_seed(depth))
    state = random_state(other, 1)
    other.load_state_dict(state, assign=True)
    ours = filled(f"resnet{depth}", {}, state, Path("theirs"))
    with torch.no_grad():
        there, expected = ours(x), other(x).logits
    assert 1e-2 < expected.std() < 100, "scores that hardly differ, or overflow, would prove nothing"
    assert (there - expected).abs().max() < 1e-5

    state = random_state(ours, 2)
    ours.load_state_dict(state, assign=True)
    other.load_state_dict(to_huggingface(state), assign=True)
    with torch.no_grad():
        back, expected = other(x).logits, ours(x)
    assert (back - there).abs().max() > 1e-2 and 1e-2 < expected.std() < 100
    assert (back - expected).abs().max() < 1e-5


def test_what_is_no_key_of_a_resnet_has_no_name_there():
    for key in ("layer1.0.conv", "layer1.0.relu.weight", "features.0.weight", "layer1.0.downsample.2.weight"):
        with pytest.raises(ValueError, match=f"'{key}' is no key of a ResNet"):
            huggingface_name(key)


class Site:
    """A server of one folder on this machine, which remembers what it was asked for."""

    def __init__(self, folder):
        self.folder, self.asked, site = folder, [], self

        class Handler(http.server.SimpleHTTPRequestHandler):
            def do_GET(self):
                site.asked.append(self.path)
                if not self.path.endswith("half"):
                    return super().do_GET()
                self.send_response(200)
                self.send_header("Content-Length", "100000")
                self.end_headers()
                self.wfile.write(b"x" * 500)
                self.close_connection = True

            def log_message(self, *arguments):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Handler, directory=folder))
        self.url = f"http://127.0.0.1:{self.server.server_port}"


@pytest.fixture
def site(tmp_path):
    folder = tmp_path / "site"
    folder.mkdir()
    site = Site(folder)
    thread = threading.Thread(target=site.server.serve_forever, args=(0.01,))
    thread.start()
    yield site
    site.server.shutdown()
    site.server.server_close()
    thread.join()


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("CONVBOOK_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    return tmp_path / "data" / "weights"


@pytest.fixture
def published(site, monkeypatch):
    """SqueezeNet's weights on the site, under a name that ends in their hash as torchvision's do; the state dict."""
    state = random_state(empty("squeezenet"), 3)
    torch.save(state, site.folder / "weights.pth")
    file = f"squeezenet1_1-{sha256(site.folder / 'weights.pth')[:8]}.pth"
    (site.folder / "weights.pth").rename(site.folder / file)
    monkeypatch.setitem(pretrained.SITES["torchvision"], "squeezenet", f"{site.url}/{file}")
    return state, file


def sha256(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def same(model, state):
    assert model.state_dict().keys() == state.keys()
    return all(torch.equal(model.state_dict()[key], value) for key, value in state.items())


def test_a_checkpoint_is_fetched_once(site, cache, published):
    state, file = published
    model = load_pretrained("squeezenet")
    assert same(model, state) and not model.training
    assert [path.name for path in cache.iterdir()] == [file]
    assert same(load_pretrained("squeezenet"), state)
    assert site.asked == [f"/{file}"]


def test_a_mirror_is_asked_instead(site, cache, published):
    (site.folder / "course").mkdir()
    (site.folder / published[1]).rename(site.folder / "course" / published[1])
    assert same(load_pretrained("squeezenet", mirror=f"{site.url}/course/"), published[0])
    assert site.asked == [f"/course/{published[1]}"]


def test_another_file_is_refused_and_leaves_nothing(site, cache, published):
    with open(site.folder / published[1], "ab") as file:
        file.write(b"!")
    with pytest.raises(ValueError, match=f"sent a damaged or another file: .* expected {published[1][-12:-4]}"):
        load_pretrained("squeezenet")
    assert not list(cache.iterdir())


def test_a_file_that_was_changed_in_the_cache_is_refused(site, cache, published):
    load_pretrained("squeezenet")
    with open(cache / published[1], "ab") as file:
        file.write(b"!")
    with pytest.raises(ValueError, match="is damaged or another file: .* Delete it"):
        load_pretrained("squeezenet")


def test_a_download_cut_off_leaves_nothing(site, cache, monkeypatch):
    monkeypatch.setattr(pretrained, "address", lambda name, source: f"{site.url}/half")
    with pytest.raises(FileNotFoundError, match="half could not be downloaded"):
        load_pretrained("squeezenet")
    assert not list(cache.iterdir())


@pytest.mark.parametrize("source", pretrained.SITES)
def test_without_a_network_it_says_what_to_do(cache, source):
    file = {"torchvision": "resnet18-f37072fd.pth", "huggingface": "microsoft-resnet18.safetensors"}[source]
    with pytest.raises(FileNotFoundError) as error:
        load_pretrained("resnet18", source, mirror="http://127.0.0.1:9")  # where nobody answers
    told = str(error.value)
    assert f"{file} is not there, and http://127.0.0.1:9/{file} could not be downloaded" in told
    assert f"put it at {cache / file}" in told and "CONVBOOK_DATA" in told
    assert ("begins with f37072fd" in told) == (source == "torchvision")


def test_a_file_put_there_by_hand_needs_no_network(cache):
    """Hugging Face's names carry no hash: the first file's is kept, told, and held to."""
    cache.mkdir(parents=True)
    file, state = cache / "microsoft-resnet18.safetensors", random_state(empty("resnet18"), 4)
    save_file(to_huggingface(state), file)
    with pytest.warns(UserWarning, match=f"nobody vouched for {file.name}: its SHA-256 is {sha256(file)}"):
        model = load_pretrained("resnet18", "huggingface", mirror="http://127.0.0.1:9")
    assert same(model, state)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        load_pretrained("resnet18", "huggingface", mirror="http://127.0.0.1:9")
        load_pretrained("resnet18", "huggingface", sha256(file).upper(), "http://127.0.0.1:9")
    save_file(to_huggingface(random_state(empty("resnet18"), 5)), file)
    with pytest.raises(ValueError, match="is damaged or another file"):
        load_pretrained("resnet18", "huggingface")


def test_the_densenets_of_2017_load_by_their_old_names():
    state = random_state(empty("densenet121"), 6)
    old = {}
    for key, value in state.items():
        for part in ("norm1", "conv1", "norm2", "conv2"):
            if ".denselayer" in key:
                key = key.replace(f".{part}.", f".{part[:-1]}.{part[-1]}.")
        old[key] = value
    assert "features.denseblock1.denselayer1.norm.1.weight" in old and "features.norm0.weight" in old
    assert same(filled("densenet121", {}, old, Path("old")), state)


class Code:
    def __reduce__(self):
        return os.mkdir, ("code-was-run",)


def test_nothing_in_a_file_is_run(cache, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    cache.mkdir(parents=True)
    torch.save({"fc.bias": Code()}, tmp_path / "bad.pth")
    file = cache / f"resnet18-{sha256(tmp_path / 'bad.pth')[:8]}.pth"
    (tmp_path / "bad.pth").rename(file)
    monkeypatch.setitem(pretrained.SITES["torchvision"], "resnet18", f"http://127.0.0.1:9/{file.name}")
    with pytest.raises(ValueError, match=f"{file.name} cannot be read"):
        load_pretrained("resnet18")
    assert not Path("code-was-run").exists()


@pytest.mark.parametrize(
    "call, words",
    [
        (lambda: load_pretrained("lenet5"), "no weights of 'lenet5' at torchvision: there are alexnet, vgg16, .*"),
        (lambda: load_pretrained("vgg16", "huggingface"), "no weights of 'vgg16' at huggingface: there are resnet18"),
        (lambda: load_pretrained("vgg16", "timm"), "source='timm': expected one of torchvision, huggingface"),
        (lambda: load_committed("resnet18"), "no weights 'resnet18' come with the book: there are resnet20-cifar10,"),
        (lambda: load_committed("shapes-detector"), "load_trained in convbook.detection.trained loads it"),
        (lambda: about("../weights/tiny-digits"), "no weights '../weights/tiny-digits' come with the book"),
        (lambda: filled("resnet18", {}, {"fc.bias": torch.ones(3)}, Path("x.pth")), "x.pth does not hold the weights"),
    ],
)
def test_bad_input_is_named(call, words):
    with pytest.raises(ValueError, match=words):
        call()


def test_too_few_digits_of_a_hash_prove_nothing(cache):
    with pytest.raises(ValueError, match="sha256='abc': expected at least 8 of the 64 digits"):
        load_pretrained("resnet18", sha256="abc", mirror="http://127.0.0.1:9")


def test_published_addresses():
    """Each carries the hash that its file is checked by; every net of the list but two has weights."""
    files = {name: url.rpartition("/")[2] for name, url in pretrained.SITES["torchvision"].items()}
    assert all(pretrained.prefix(file) for file in files.values())
    assert {f"resnet{depth}" for depth in THEIRS} <= files.keys() & pretrained.SITES["huggingface"].keys()
    assert files.keys() <= models.MODELS.keys()


def test_loading_does_not_import_the_compiler():
    """PyTorch would draw weights without data by it; to import it takes longer than all the rest."""
    code = "import sys; from convbook.models.pretrained import load_committed; load_committed('resnet20-cifar10')"
    subprocess.run([sys.executable, "-c", f"{code}; assert 'torch._dynamo' not in sys.modules"], check=True)


@pytest.mark.parametrize("name", ["resnet20-cifar10", "tiny-digits"])
def test_the_books_own_weights(name):
    model, facts = load_committed(name), about(name)
    assert not model.training and {p.dtype for p in model.parameters()} == {torch.float32}
    file = pretrained.COMMITTED / f"{name}.safetensors"
    assert file.stat().st_size < 2_000_000
    assert {str(v.dtype)[6:] for v in load_file(file).values() if v.is_floating_point()} == {facts["stored"]}
    shape = facts["shape"]
    with torch.no_grad():
        assert tuple(model(torch.zeros(2, *shape)).shape) == (2, len(facts["classes"]))
    log = facts["log"]
    assert [row["epoch"] for row in log["epochs"]] == list(range(1, facts["epochs"][0] + 1))
    assert log["model"]["parameters"] == sum(p.numel() for p in model.parameters())
    assert facts["command"] == log["command"]


SETS = {"resnet20-cifar10": ("cifar10", "cifar10-jpeg.tar.xz"), "tiny-digits": ("mnist", "mnist.npz")}


@pytest.mark.parametrize("name", SETS)
def test_accuracy_of_the_books_own_weights(name):
    """As its log says, counted here anew, on every fifth test image: within five standard errors."""
    known, file = SETS[name]
    if not (DATA and (Path(DATA) / file).exists()):
        pytest.skip(f"no {file} in CONVBOOK_DATA")
    facts, test = about(name), data.load(known, "test")[::5]
    mean, std = (torch.tensor(facts[key])[:, None, None] for key in ("mean", "std"))
    x = (torch.from_numpy(test.images) / 255 - mean) / std
    with torch.no_grad():
        right = load_committed(name)(x).argmax(1).numpy() == test.labels
    p = facts["test_accuracy"]
    assert abs(right.mean() - p) < 5 * (p * (1 - p) / len(right)) ** 0.5
