"""Nothing that runs in the local AWS reaches another: a process of each kind reports what it would call."""

from __future__ import annotations

import ast
import contextlib
import http.client
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import botocore
import ministack
import pytest

from registry_constructs.local import LocalAws, cdk
from registry_constructs.local.connection import Connection, about
from registry_constructs.local.emulator.confinement import leads_elsewhere
from registry_constructs.local.emulator.python_guard import sitecustomize
from tests.local.processes import (
    BOOTSTRAP,
    CUSTOM_RESOURCE,
    FOREIGN,
    MAIN,
    NODE_REPORT,
    PARENT,
    REPORT,
    children,
    function,
    package,
    run_function,
)
from tests.local.stacks import Stack, template
from tests.waiting import until

Report = dict[str, Any]
Kind = Callable[[LocalAws, str, Path], Report]


# A process of each kind ---------------------------------------------------------------------------------


def python_function(aws: LocalAws, account: str, _folder: Path) -> Report:
    return run_function(aws, account, "python3.13", {"report.py": REPORT})


def child_of_a_function(aws: LocalAws, account: str, _folder: Path) -> Report:
    files = {"parent.py": PARENT, "report.py": REPORT + MAIN}
    variables = FOREIGN | {"PYTHONPATH": "/opt/python"}
    return run_function(aws, account, "python3.13", files, handler="parent.handler", variables=variables)


def function_with_a_layer(aws: LocalAws, account: str, _folder: Path) -> Report:
    client = aws.client("lambda", account=account)
    layer = client.publish_layer_version(
        LayerName="report", Content={"ZipFile": package({"python/report.py": REPORT})}
    )["LayerVersionArn"]
    return run_function(aws, account, "python3.13", {"index.py": ""}, Layers=[layer])


def custom_runtime(aws: LocalAws, account: str, _folder: Path) -> Report:
    files = {"bootstrap": BOOTSTRAP, "report.py": REPORT}
    return run_function(aws, account, "provided.al2023", files, handler="bootstrap")


def durable_custom_runtime(aws: LocalAws, account: str, _folder: Path) -> Report:
    files = {"bootstrap": BOOTSTRAP, "report.py": REPORT}
    durable = {"ExecutionTimeout": 60, "RetentionPeriodInDays": 1}
    return run_function(aws, account, "provided.al2", files, handler="bootstrap", DurableConfig=durable)


def custom_resource(aws: LocalAws, account: str, _folder: Path) -> Report:
    code = {"S3Bucket": f"code-{account}", "S3Key": "function.zip"}
    s3 = aws.client("s3", account=account)
    s3.create_bucket(Bucket=code["S3Bucket"])
    files = {"index.py": CUSTOM_RESOURCE, "report.py": REPORT}
    s3.put_object(Bucket=code["S3Bucket"], Key=code["S3Key"], Body=package(files))
    function = {
        "Runtime": "python3.13",
        "Handler": "index.handler",
        "Role": f"arn:aws:iam::{account}:role/function",
        "Code": code,
        "Environment": {"Variables": FOREIGN},
        "Timeout": 60,
    }
    resources: dict[str, tuple[str, dict[str, Any]]] = {
        "Function": ("AWS::Lambda::Function", function),
        "Made": ("Custom::Report", {"ServiceToken": {"Fn::GetAtt": ["Function", "Arn"]}}),
    }
    body = json.loads(template(resources))
    body["Outputs"] = {"Report": {"Value": {"Fn::GetAtt": ["Made", "Report"]}}}
    report: Report = json.loads(Stack(aws, account).create(json.dumps(body))["Report"])
    return report


def glue_job(aws: LocalAws, account: str, _folder: Path) -> Report:
    s3, glue = aws.client("s3", account=account), aws.client("glue", account=account)
    bucket = f"job-{account}"
    s3.create_bucket(Bucket=bucket)
    put = f"\nboto3.client('s3').put_object(Bucket='{bucket}', Key='report', Body=json.dumps(report()))\n"
    s3.put_object(Bucket=bucket, Key="job.py", Body=f"{REPORT}\nimport boto3{put}".encode())
    # Arguments become variables, credentials among them.
    arguments = FOREIGN | {"AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE", "AWS_SECRET_ACCESS_KEY": "real"}
    glue.create_job(
        Name="report",
        Role=f"arn:aws:iam::{account}:role/job",
        Command={"Name": "pythonshell", "ScriptLocation": f"s3://{bucket}/job.py"},
        DefaultArguments={f"--{name}": value for name, value in arguments.items()},
    )
    run = glue.start_job_run(JobName="report")["JobRunId"]

    def state() -> str:
        return str(glue.get_job_run(JobName="report", RunId=run)["JobRun"]["JobRunState"])

    assert until(lambda: state() not in {"STARTING", "WAITING", "RUNNING"})
    report: Report = json.loads(s3.get_object(Bucket=bucket, Key="report")["Body"].read())
    return report


def app_of_the_cdk(aws: LocalAws, _account: str, folder: Path) -> Report:
    """The app itself, which the CDK CLI starts."""
    program = f"{REPORT}\nopen('report.json', 'w').write(json.dumps(report()))\n"
    program += "import aws_cdk\napp = aws_cdk.App()\naws_cdk.Stack(app, 'Stack')\napp.synth()\n"
    (folder / "app.py").write_text(program)
    with cdk.synthesized(aws, folder / "app.py"):
        report: Report = json.loads((folder / "report.json").read_text())
    return report


IN_IT: tuple[Kind, ...] = (
    python_function,
    child_of_a_function,
    function_with_a_layer,
    custom_runtime,
    durable_custom_runtime,
    custom_resource,
    glue_job,
)


@pytest.mark.parametrize("kind", IN_IT, ids=lambda kind: kind.__name__)
def test_a_process_gets_the_endpoint_and_made_up_credentials_only(
    local_aws: LocalAws, account: str, tmp_path: Path, kind: Kind
) -> None:
    report = kind(local_aws, account, tmp_path)
    assert set(report["endpoints"].values()) == {local_aws.endpoint_url}
    assert report["credentials"] == [account, "test", ""]
    assert report["account"] == account
    assert report["profiles"] == ["default"]
    check_variables(report["variables"], local_aws)
    check_files(report["files"], local_aws)
    assert len(report["outside"]) == 6
    refusals = "403|ProxyConnectionError|connects to this machine only"
    assert all(re.search(refusals, error) for error in report["outside"].values())


def test_a_function_of_node_does_too(local_aws: LocalAws, account: str) -> None:
    variables = FOREIGN | {"NODE_OPTIONS": "--enable-source-maps"}
    files = {"report.js": NODE_REPORT}
    with function(local_aws, account, "nodejs22.x", files, variables=variables) as report:
        client = local_aws.client("lambda", account=account)
        kept = client.get_function_configuration(FunctionName="function")["Environment"]["Variables"]
    assert kept == variables  # the configuration is as deployed
    check_variables(report["variables"], local_aws)
    check_files(report["files"], local_aws)
    assert report["variables"]["AWS_ACCESS_KEY_ID"] == account
    assert report["variables"]["NODE_OPTIONS"].endswith('node_guard.cjs" --enable-source-maps')
    assert report["local"] == 200
    assert len(report["outside"]) == 10
    for error in report["outside"].values():
        assert "connects to this machine only" in error


def test_the_programs_of_a_synth_do_too(
    local_aws: LocalAws, account: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in FOREIGN.items():
        if not name.upper().endswith("_PROXY"):  # the shell's own proxy is what an app's build may need
            monkeypatch.setenv(name, value)
    for name in ("CDK_PROFILE", "CDK_PROXY", "CDK_EC2CREDS", "CDK_ROLE_ARN", "BOTO_CONFIG"):
        monkeypatch.setenv(name, "production")
    report = app_of_the_cdk(local_aws, account, tmp_path)
    assert set(report["endpoints"].values()) == {local_aws.endpoint_url}
    assert report["credentials"] == [local_aws.account, "test", ""]
    assert report["profiles"] == []
    assert "production" not in report["variables"].values()
    assert report["variables"]["AWS_CONFIG_FILE"] == os.devnull


@pytest.mark.parametrize("name", ["NO_PROXY", "no_proxy"])
def test_hosts_that_need_no_proxy_still_need_none(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.setenv(name, "intranet")
    environment = Connection(4566).environment()
    assert environment["NO_PROXY"] == environment["no_proxy"] == "intranet,127.0.0.1,localhost"


@pytest.mark.deploy
def test_the_guard_of_python_hides_no_sitecustomize(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text("import os\nos.environ['OWN'] = 'loaded'\n")
    program = "import os, socket\nprint(os.environ['OWN'])\nsocket.create_connection(('192.0.2.1', 443), 5)\n"
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={"PYTHONPATH": os.pathsep.join([str(Path(sitecustomize.__file__).parent), str(tmp_path)])},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout == "loaded\n"
    assert "PermissionError: The local AWS connects to this machine only, not to 192.0.2.1." in done.stderr


@pytest.mark.parametrize(
    ("host", "here"),
    [
        *(
            ("127.0.0.1", True),
            ("127.9.9.9", True),
            ("::1", True),
            ("localhost", True),
            ("127.evil.com", False),
        ),
        *(("192.0.2.1", False), ("169.254.169.254", False), ("::ffff:192.0.2.1", False), ("0.0.0.0", False)),  # noqa: S104
        *(("localhost.evil.com", False), ("2001:db8::1", False), ("", False), ("127.0.0.1.evil.com", False)),
    ],
)
def test_the_guard_of_python_knows_this_machine(host: str, here: bool) -> None:
    for event in ("socket.connect", "socket.sendto", "socket.sendmsg"):
        with contextlib.nullcontext() if here else pytest.raises(PermissionError, match="this machine only"):
            sitecustomize.check(event, (None, (host, 443)))
    sitecustomize.check("socket.connect", (None, "/a/unix/socket"))
    sitecustomize.check("socket.bind", (None, (host, 443)))


def test_what_a_pool_of_workers_starts_does_too(local_aws: LocalAws, account: str) -> None:
    """Resolvers of AppSync and functions of CloudFront share one kind of process, and see nothing of it."""
    before = children(int(about(local_aws.port)["pid"]))
    client = local_aws.client("appsync", account=account)
    code = "export function request(ctx) { return {}; }\nexport function response(ctx) { return {}; }\n"
    runtime = {"name": "APPSYNC_JS", "runtimeVersion": "1.0.0"}
    assert "error" not in client.evaluate_code(runtime=runtime, code=code, context="{}", function="request")
    after = children(int(about(local_aws.port)["pid"]))
    started = [environment for pid, environment in after.items() if pid not in before]
    assert len(started) == 1
    check_variables(started[0], local_aws)
    assert started[0]["AWS_ACCESS_KEY_ID"] == account
    assert "node_guard.cjs" in started[0]["NODE_OPTIONS"]


def check_variables(variables: dict[str, str], aws: LocalAws) -> None:
    """All that decides which AWS is called has this AWS's value, and there is nothing else of the kind."""
    leading = {name: value for name, value in variables.items() if leads_elsewhere(name)}
    files = Path(leading.pop("AWS_CONFIG_FILE")), Path(leading.pop("AWS_SHARED_CREDENTIALS_FILE"))
    assert [file.name for file in files] == ["config", "credentials"]
    assert leading.pop("DOCKER_HOST").endswith("no-docker.sock")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        leading.pop(name)
    bypassed = "127.0.0.1,localhost,.localhost,::1,[::1]"
    proxies = dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"), aws.endpoint_url) | {
        "NO_PROXY": bypassed
    }
    assert leading == {
        "AWS_ENDPOINT_URL": aws.endpoint_url,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_EC2_METADATA_V1_DISABLED": "true",
        "AWS_EC2_METADATA_SERVICE_ENDPOINT": aws.endpoint_url,
        **proxies,
        **{name.lower(): value for name, value in proxies.items()},
    }


def check_files(values: dict[str, str], aws: LocalAws) -> None:
    assert values == {
        "region": aws.region,
        "endpoint_url": aws.endpoint_url,
        "aws_access_key_id": aws.account,
        "aws_secret_access_key": "test",
    }


# No other kind ------------------------------------------------------------------------------------------

# Every place of ministack that starts a process: scripts of the image that it comes in, which are not here,
# openssl, Node to learn its version, and what is tested above. Containers are started through Docker's SDK.
_STARTS = {
    "app.py": {"_run_ready_scripts", "_run_init_scripts", "main"},
    "core/lambda_runtime.py": {"_spawn"},
    "core/node_pool.py": {"_ensure", "available"},
    "core/tls.py": {"_cert_names", "resolve_tls_material"},
    "services/glue.py": {"_execute_subprocess"},
    "services/lambda_svc.py": {"_execute_function_provided", "_execute_function_local"},
}


@pytest.mark.deploy
def test_every_kind_of_process_is_known() -> None:
    found: dict[str, set[str]] = {}
    root = Path(ministack.__file__).parent
    for file in root.rglob("*.py"):
        text = file.read_text()
        quick = re.search(r"subprocess|\bos\.(?:exec|spawn|posix_spawn|system|popen|fork)", text)
        if quick and (names := starts(ast.parse(text))):
            found[file.relative_to(root).as_posix()] = names
    assert found == _STARTS
    # With those of Node, of the workers and of a synth, which have tests of their own.
    assert len(set(IN_IT)) + 3 == 10


def starts(module: ast.Module) -> set[str]:
    """The functions of a module that start a process."""
    functions = [
        node for node in ast.walk(module) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    return {
        min(
            (
                function
                for function in functions
                if function.lineno <= node.lineno <= (function.end_lineno or 0)
            ),
            key=lambda function: (function.end_lineno or 0) - function.lineno,
        ).name
        for node in ast.walk(module)
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and (
            (
                node.value.id == "subprocess"
                and node.attr in {"Popen", "run", "call", "check_call", "check_output"}
            )
            or (
                node.value.id == "os"
                and node.attr.startswith(("exec", "spawn", "posix_spawn", "system", "popen", "fork"))
            )
            or node.attr.startswith("create_subprocess")
        )
    }


def test_what_needs_a_container_is_not_run(local_aws: LocalAws, account: str) -> None:
    pid = int(about(local_aws.port)["pid"])
    before = children(pid)
    functions, ecs = local_aws.client("lambda", account=account), local_aws.client("ecs", account=account)
    role = f"arn:aws:iam::{account}:role/role"
    for runtime in ("java21", "dotnet8", "ruby3.4"):
        answer = run_function(local_aws, account, runtime, {"index": ""})
        assert answer["errorType"] == "Runtime.NotSupported"
        assert f"does not run functions of the runtime {runtime}" in answer["errorMessage"]
    image = f"{account}.dkr.ecr.us-east-1.amazonaws.com/web:v1"
    functions.create_function(FunctionName="image", PackageType="Image", Role=role, Code={"ImageUri": image})
    answer = functions.invoke(FunctionName="image")
    assert answer["FunctionError"]
    assert "Docker" in json.loads(answer["Payload"].read())["errorMessage"]
    ecs.create_cluster(clusterName="tasks")
    ecs.register_task_definition(
        family="web", containerDefinitions=[{"name": "web", "image": image, "memory": 64}]
    )
    (task,) = ecs.run_task(cluster="tasks", taskDefinition="web")["tasks"]
    builds = local_aws.client("codebuild", account=account)
    builds.create_project(
        name="build",
        source={"type": "NO_SOURCE", "buildspec": "version: 0.2\nphases: {build: {commands: [env]}}"},
        artifacts={"type": "NO_ARTIFACTS"},
        environment={"type": "LINUX_CONTAINER", "image": image, "computeType": "BUILD_GENERAL1_SMALL"},
        serviceRole=role,
    )
    build = builds.start_build(projectName="build")["build"]["id"]
    assert until(lambda: builds.batch_get_builds(ids=[build])["builds"][0]["buildStatus"] != "IN_PROGRESS")
    assert task["lastStatus"] == "RUNNING"  # in the API alone
    assert children(pid).keys() <= before.keys()


# What the emulator does by itself -----------------------------------------------------------------------


def test_the_emulator_itself_connects_to_this_machine_only(local_aws: LocalAws) -> None:
    """Requests that it passes on, such as those to an HTTP API, are its own connections."""
    client = local_aws.client("apigatewayv2")
    statuses = {}
    for target in ("http://192.0.2.1/", local_aws.endpoint_url):
        api = client.create_api(Name="out", ProtocolType="HTTP")["ApiId"]
        integration = client.create_integration(
            ApiId=api,
            IntegrationType="HTTP_PROXY",
            IntegrationMethod="GET",
            IntegrationUri=target,
            PayloadFormatVersion="1.0",
        )["IntegrationId"]
        client.create_route(ApiId=api, RouteKey="$default", Target=f"integrations/{integration}")
        client.create_stage(ApiId=api, StageName="$default", AutoDeploy=True)
        with contextlib.closing(http.client.HTTPConnection("127.0.0.1", local_aws.port)) as connection:
            connection.request("GET", "/", headers={"Host": f"{api}.execute-api.localhost"})
            answer = connection.getresponse()
            statuses[target] = answer.status, answer.read().decode()
    refused, local = statuses.values()
    assert refused[0] == 502
    assert "connects to this machine only, not to 192.0.2.1" in refused[1]
    assert local[0] == 200


# Which variables count ----------------------------------------------------------------------------------

# What botocore reads beside them and what can't lead a client elsewhere: they say how it calls, not whom.
_HARMLESS = {
    *("AWS_ACCOUNT_ID", "AWS_ACCOUNT_ID_ENDPOINT_MODE", "AWS_AUTH_SCHEME_PREFERENCE", "AWS_DEFAULTS_MODE"),
    *("AWS_DEFAULT_REGION", "AWS_REGION", "AWS_DISABLE_HOST_PREFIX_INJECTION", "AWS_EXECUTION_ENV"),
    *("AWS_DISABLE_REQUEST_COMPRESSION", "AWS_IMDS_USE_IPV6", "AWS_LAMBDA_FUNCTION_NAME", "AWS_MAX_ATTEMPTS"),
    *("AWS_METADATA_SERVICE_NUM_ATTEMPTS", "AWS_METADATA_SERVICE_TIMEOUT", "AWS_NEW_RETRIES_2026"),
    *("AWS_REQUEST_CHECKSUM_CALCULATION", "AWS_REQUEST_MIN_COMPRESSION_SIZE_BYTES", "AWS_RETRY_MODE"),
    *("AWS_RESPONSE_CHECKSUM_VALIDATION", "AWS_S3_DISABLE_EXPRESS_SESSION_AUTH", "AWS_SDK_UA_APP_ID"),
    *(
        "AWS_S3_DISABLE_MULTIREGION_ACCESS_POINTS",
        "AWS_S3_USE_ARN_REGION",
        "AWS_S3_US_EAST_1_REGIONAL_ENDPOINT",
    ),
    *("AWS_SIGV4A_SIGNING_REGION_SET", "AWS_STS_REGIONAL_ENDPOINTS", "BOTO_DISABLE_CRT"),
    *("BOTO_EXPERIMENTAL__ADD_PROXY_HOST_HEADER", "BOTO_EXPERIMENTAL__NO_EMPTY_CONTINUE"),
}


def test_every_variable_that_botocore_reads_is_known() -> None:
    names = {
        node.value
        for file in Path(botocore.__file__).parent.glob("*.py")
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and node.value.startswith(("AWS_", "BOTO_"))
        and node.value.replace("_", "").isalnum()
        and node.value.isupper()
    }
    assert len(names) > 40
    assert {name for name in names if not leads_elsewhere(name)} == _HARMLESS & names


@pytest.mark.parametrize(
    "name",
    [
        *FOREIGN,
        *(
            "AWS_ENDPOINT_URL_SECRETS_MANAGER",
            "AWS_BEARER_TOKEN_BEDROCK",
            "AWS_CREDENTIAL_FILE",
            "AWS_ACCESS_KEY",
        ),
        *("AWS_SECRET_KEY", "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", "Https_Proxy", "DOCKER_CONTEXT"),
    ],
)
def test_a_variable_that_leads_elsewhere(name: str) -> None:
    assert leads_elsewhere(name)


@pytest.mark.parametrize(
    "name",
    [
        "AWS_REGION",
        "AWS_LAMBDA_FUNCTION_NAME",
        "AWS_ACCOUNT_ID",
        "AWS_ROLE_NAME",
        "AWS_BUCKET",
        "PROXY",
        "TABLE",
    ],
)
def test_a_variable_of_the_functions_own(name: str) -> None:
    assert not leads_elsewhere(name)


# With IAM -----------------------------------------------------------------------------------------------


@pytest.mark.deploy
@pytest.mark.parametrize("runtime", ["python3.13", "provided.al2023"])
def test_with_auth_a_function_acts_as_its_role(runtime: str) -> None:
    files = {"bootstrap": BOOTSTRAP, "report.py": REPORT}
    with LocalAws(auth=True) as aws:
        trust = {
            "Effect": "Allow",
            "Action": "sts:AssumeRole",
            "Principal": {"Service": "lambda.amazonaws.com"},
        }
        aws.client("iam").create_role(
            RoleName="function",
            AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]}),
        )
        report = run_function(aws, aws.account, runtime, files)
        assert report["credentials"][0].startswith("ASIA")
        assert report["account"] == aws.account
        assert set(report["endpoints"].values()) == {aws.endpoint_url}
