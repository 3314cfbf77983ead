"""The documents hold what they say. Needs neither root nor a build."""

import os
import re
import subprocess

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def read(*path):
    with open(os.path.join(ROOT, *path), encoding="utf-8") as file:
        return file.read()


def tracked():
    """Files of the project, whether git is there or not."""
    listed = subprocess.run(["git", "-C", ROOT, "-c", "safe.directory=*", "ls-files"], capture_output=True, text=True)
    if listed.returncode == 0:
        return listed.stdout.splitlines()
    return [os.path.relpath(os.path.join(folder, name), ROOT) for folder, _, names in os.walk(ROOT) for name in names]


def names_of_tests():
    names = set()
    for name in tracked():
        if name.startswith("tests/integration/test_"):
            names |= set(re.findall(r"^def (test_\w+)", read(name), re.M))
    return names


def test_every_test_that_the_threat_model_names_exists():
    named = set(re.findall(r"`(test_\w+)`", read("docs", "threat-model.md")))
    assert len(named) > 40
    assert named - names_of_tests() == set()


def test_the_code_map_is_the_tree():
    done = subprocess.run([os.path.join(ROOT, "tools", "code-map"), "--check"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_links_between_the_documents_lead_somewhere():
    broken = []
    for name in tracked():
        if not name.endswith(".md"):
            continue
        text = re.sub(r"```.*?```", "", read(name), flags=re.S)
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", text):
            if not os.path.exists(os.path.join(ROOT, os.path.dirname(name), target)):
                broken.append((name, target))
    assert broken == []


def test_the_python_files_compile():
    for name in tracked():
        if name.endswith(".py"):
            compile(read(name), name, "exec")


def test_the_readme_names_the_two_commands():
    text = read("README.md")
    assert "sudo make run" in text and "sudo make test" in text
