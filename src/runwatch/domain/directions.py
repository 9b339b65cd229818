"""Whether a higher or a lower value of a metric is better, from its name alone, and what else names tell.

The order (first that answers): the configuration, what the file states, the exact name, the ending of the
name, nothing. A wrong direction is worse than none, so an unknown name stays without."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Literal

from runwatch.domain.run import Direction

Split = Literal["train", "validation", "test"]

_SPLITS: dict[str, Split] = {
    **dict.fromkeys(("train", "training", "learn"), "train"),
    **dict.fromkeys(
        ("val", "valid", "validate", "validation", "dev", "eval", "evaluation", "holdout", "oof", "cv"),
        "validation",
    ),
    "test": "test",
}


def _names(text: str) -> frozenset[str]:
    """The comma-separated names of ``text``, each as one word."""
    return frozenset(re.sub(r"[\s-]", "", name) for name in text.split(","))


_AGGREGATES = _names("best,last,final,mean,avg,average,epoch,step,steps,epochs,metrics,metric,run,ema")
_DECORATION = re.compile(
    r"(macro|micro|weighted|binary|multiclass|multilabel|multi|ovr|ovo|total|overall|top\d*|"
    r"p\d+|\d+|k|ms|sec|seconds|[a-z])"
)
_SPREAD = _names("std,stddev,stdev,stderr,sem,variance,var")
_SPOILERS = _names(
    """to,since,until,gap,delta,diff,difference,change,improvement,norm,scale,weight,weights,minus,inverse,
    inv,count,num,n,number,time,lr,rank,gpu,cpu,threshold,target,patience,seed,temperature"""
)
_RATIOS = _names("rate,ratio,coef,coefficient,factor,lambda,alpha,beta,gamma,mask,balance,fn,type,function")
_NO_DIRECTION = _names(
    """epoch,step,lr,learning rate,grad norm,weight decay,momentum,temperature,entropy,count,n,support,
    time of day,seed,threshold,bias,gpu,cpu,entropy loss,policy gradient loss,hp metric"""
)
_HIGHER = _names(
    """acc,accuracy,accuracies,balanced accuracy,precision,recall,sensitivity,specificity,tpr,tnr,ppv,npv,
    true positive rate,true negative rate,positive predictive value,negative predictive value,f1,fbeta,f2,
    f05,f measure,auc,auroc,roc auc,auc roc,auprc,pr auc,aucpr,auc pr,auc mu,ap,average precision,map,mcc,
    matthews corrcoef,matthews correlation,kappa,cohen kappa,gini,ks,iou,miou,jaccard,dice,r2,r squared,
    explained variance,pearson,pearsonr,spearman,spearmanr,kendall,kendalltau,ndcg,mrr,mean reciprocal rank,
    reciprocal rank,hit rate,top k accuracy,exact match,bleu,sacrebleu,rouge,rouge lsum,meteor,chrf,bertscore,
    psnr,peak signal noise ratio,ssim,ms ssim,structural similarity,structural similarity index measure,
    pearson corr coef,spearman corr coef,hits,hit,d2,snr,sdr,si-sdr,pesq,stoi,silhouette,calinski harabasz,
    ari,adjusted rand,nmi,
    normalized mutual info,v measure,word information preserved,
    word info preserved,inception score,elbo,log likelihood,loglik,reward,ep rew,ep ret,
    return,episode return,episodic return,win rate,success rate,throughput,samples per second,
    tokens per second,samples per sec,tokens per sec,steps per second,youden,top1,top3,top5,dcg,cider,sari,
    mota,hota,lddt,dice coef,dice coefficient,jaccard index,concordance index,c index,pass rate,solve rate,
    si snr,si snri,sisnr,sisnri,bbox map,segm map,bbox ap,segm ap"""
)
_LOWER = _names(
    """loss,nll,cross entropy,binary cross entropy,categorical cross entropy,sparse categorical cross entropy,
    log loss,logloss,perplexity,ppl,bpb,bpc,bits per byte,bits per character,error,err,error rate,mse,rmse,
    mae,mape,smape,wape,mase,msle,rmsle,medae,max error,pinball,crps,deviance,brier,ece,mce,ace,
    calibration error,hinge,hamming,fpr,fnr,fdr,false positive rate,false negative rate,false discovery rate,
    eer,wer,cer,mer,ter,word information lost,word info lost,fid,kid,lpips,hausdorff,chamfer,davies bouldin,
    inertia,
    edit distance,nrmse,bits per dim,bpd,hd95,assd,huber,kl,js divergence,kl divergence,latency,runtime,
    memory,cost,regret,nloglik,zero one loss"""
)
_AMBIGUOUS_ENDINGS = _names("kl,return,map,ks,ap,memory,cost,ter,mer,ari,ace,kid,hamming")
_LOW_ENDINGS = tuple(_names("loss,error,err,nll,deviance,distance,divergence,cross entropy,nloglik"))
_HIGH_ENDINGS = tuple(_names("acc,accuracy,score,auc,precision,recall,f1"))
_EFFORT = _names(
    """throughput,latency,runtime,memory,cost,fps,flops,flos,energy,power,samples per second,
    tokens per second,steps per second,samples per sec,tokens per sec"""
)
_MACHINE = ("system/", "system.", "sys/")
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_OWNER = re.compile(r"^(?:(?:rank|worker|process|trial|fold|seed|gpu)[_-]?\d+/)+")
_COMPLEMENT = re.compile(r"\s*1\s*[-−]\s*(?!nn\b)", re.IGNORECASE)
_SEPARATORS = re.compile(r"[\s/.:\-_()\[\]{}'\"|,;%^]+")


def direction_of(name: str, stated: Direction = None, override: Direction = None) -> Direction:
    """The direction of metric ``name``: "max" (higher is better), "min" or None (unknown: no colour).

    ``override`` is the configuration's word, ``stated`` the file's; both win over the name. A placeholder
    has no direction but by configuration."""
    if override is not None:
        return override
    if is_placeholder(name):
        return None
    return stated if stated is not None else _from_name(name)


@lru_cache(maxsize=8192)
def is_placeholder(tag: str) -> bool:
    """Whether ``tag`` is a framework's placeholder (``hp_metric``) or private (``_runtime``)."""
    base = tag.rpartition("/")[2]
    return base == "hp_metric" or base.startswith("_") or tag.startswith("_")


def is_bookkeeping(tag: str) -> bool:
    """Whether ``tag`` tells of the machine or the tool, with a counter of its own (MLflow's and W&B's
    ``system/...``, Guild's ``sys/...``), so that its steps are not the training's."""
    return tag.startswith(_MACHINE) or is_placeholder(tag)


def is_system(tag: str) -> bool:
    """Whether ``tag`` is a curve of the machine (a tracker's, or ours of what we saw)."""
    return tag.startswith((*_MACHINE, "machine/"))


@lru_cache(maxsize=8192)
def judged(tag: str) -> bool:
    """Whether ``tag`` is compared with a baseline unless the configuration says otherwise: placeholders and
    words of effort (throughput, time, memory, cost) are not."""
    if is_placeholder(tag):
        return False
    words = _words(tag)
    return not any(
        "".join(words[i:j]) in _EFFORT for i in range(len(words)) for j in range(i + 1, len(words) + 1)
    )


@lru_cache(maxsize=8192)
def split_of(tag: str) -> Split | None:
    """The part of the data that ``tag`` names: ``val_loss``, ``eval/acc`` validation; None: not said."""
    return next((_SPLITS[word] for word in _words(tag) if word in _SPLITS), None)


@lru_cache(maxsize=8192)
def core_words(name: str) -> tuple[str, ...]:
    """``name`` in lower-case words, without those that name a split or an aggregate: ``best_val_F1-macro``
    becomes ("f1", "macro"). ``@k`` stays on its word."""
    words = _words(_OWNER.sub("", name))
    return tuple(
        word
        for i, word in enumerate(words)
        if not _is_frame(word) and not (word.isdigit() and i > 0 and _is_frame(words[i - 1]))
        and not (word == "s" and i > 0 and words[i - 1].isdigit())
    )  # fmt: skip


def _is_frame(word: str) -> bool:
    return word in _SPLITS or word in _AGGREGATES or re.fullmatch(r"split\d+", word) is not None


@lru_cache(maxsize=8192)
def _words(name: str) -> tuple[str, ...]:
    plain = re.sub(r":\w+=.*|[_ ]at[_ ](k|\d+)$", "", name).replace("²", "2")
    parts = [part for part in _SEPARATORS.split(plain) if part]
    return tuple(word.lower() for part in parts for word in _split_camel(part))


def _split_camel(part: str) -> list[str]:
    if part.lower().startswith("map") and part[1:3] == "AP":
        return [
            re.sub(r"(?<=\d)[BMP]$", "", part)
        ]  # Ultralytics' boxes, masks, poses: "(B)" without its brackets
    return _CAMEL.split(part)


@lru_cache(maxsize=8192)
def _from_name(name: str) -> Direction:
    if _COMPLEMENT.match(name):
        return None
    words = [re.sub(r"@.*", "", word) for word in core_words(name)]
    whole = [re.sub(r"@.*", "", word) for word in _words(_OWNER.sub("", name))]
    if not words or (_SPREAD & set(whole) and "explained" not in whole):
        return None
    negated = words[0] in ("neg", "negative") and len(words) > 1
    direction = _of_words(words[1:] if negated else words)
    if negated and direction is not None:
        return "min" if direction == "max" else "max"
    return direction or (_exact("".join(whole)) if len(whole) > len(words) else None)


def _of_words(words: list[str]) -> Direction:
    if words[0] == "d2":
        return "max"
    for variant in (words, words[:-1] if words[-1] == "score" else words, _bare(words)):
        joined = "".join(variant)
        if joined in _NO_DIRECTION:
            return None
        if (direction := _exact(joined)) is not None:
            return direction
    if words[0] == "loss" and not (_SPOILERS | _RATIOS) & set(words):
        return "min"
    return _by_ending(_bare(words) or words) or ("max" if _is_plain_score(words) else None)


def _is_plain_score(words: list[str]) -> bool:
    return words[-1] == "score" and not _SPOILERS & set(words)


def _bare(words: list[str]) -> list[str]:
    bare = [word for word in words if not _DECORATION.fullmatch(word)]
    return bare[:-1] if len(bare) > 1 and bare[-1] == "score" else bare


def _exact(joined: str) -> Direction:
    for form in (joined, joined.rstrip("0123456789")):
        if form in _HIGHER:
            return "max"
        if form in _LOWER:
            return "min"
    return None


def _by_ending(words: list[str]) -> Direction:
    if _SPOILERS & set(words):
        return None
    for start in range(1, len(words)):
        tail = "".join(words[start:])
        if tail in _NO_DIRECTION:
            return None
        if tail not in _AMBIGUOUS_ENDINGS and (direction := _exact(tail)) is not None:
            return direction
    last = words[-1]
    if last.endswith(_LOW_ENDINGS):
        return "min"
    return "max" if last.endswith(_HIGH_ENDINGS) else None
