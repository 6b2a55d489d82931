"What describes the package stands in settings.ini; this file only hands it to setuptools."
from configparser import ConfigParser
from pathlib import Path
from setuptools import find_packages, setup

here = Path(__file__).parent
config = ConfigParser()
config.read(here / "settings.ini", encoding="utf-8")
settings = config["DEFAULT"]
SUFFIX = "_requirements"


def lines(key: str) -> list[str]:
    return [line.strip() for line in settings[key].splitlines() if line.strip()]


extras = {key.removesuffix(SUFFIX): lines(key) for key in settings if key.endswith(SUFFIX)}
extras["dev"] = sorted({line for extra in extras.values() for line in extra})

oldest = int(settings["min_python"].split(".")[1])

setup(
    version=settings["version"],
    description=settings["description"],
    keywords=settings["keywords"].split(),
    author=settings["author"],
    author_email=settings["author_email"],
    license="Apache-2.0",
    url=settings["git_url"],
    long_description=(here / "README.md").read_text(encoding="utf-8"),
    long_description_content_type="text/markdown",
    packages=find_packages(include=["era_cifar", "era_cifar.*"]),
    include_package_data=True,
    package_data={settings["lib_name"]: lines("package_data")},
    install_requires=lines("requirements"),
    extras_require=extras,
    python_requires=f">={settings['min_python']}",
    entry_points={
        "console_scripts": lines("console_scripts"),
        "nbdev": [f"{settings['lib_name']}={settings['lib_name']}._modidx:d"],
    },
    classifiers=[
        "Development Status :: 3 - Alpha",
        "Intended Audience :: Education",
        "Natural Language :: English",
        *(f"Programming Language :: Python :: 3.{minor}" for minor in range(oldest, 14)),
    ],
    zip_safe=False,
)
