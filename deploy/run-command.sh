#!/usr/bin/env bash
# Runs a command of the service once, as a task in the account, and prints what it printed:
#
#   deploy/run-command.sh triggers-api keys create --tenant acme --role producer
#   deploy/run-command.sh triggers-api tenants list
#   deploy/run-command.sh triggers-api migrate
#
# A new key is shown this once: the log of the task is deleted as soon as it was read. Needs the AWS CLI, and the rights
# to describe the stack, run its tasks, and read and delete logs.
set -euo pipefail

if [[ $# -lt 2 ]]; then
  sed -n '2,6s/^# \{0,1\}//p' "$0" >&2
  exit 2
fi
stack=$1 command=$2
shift 2

output() {
  aws cloudformation describe-stacks --stack-name "$stack" --output text \
    --query "Stacks[0].Outputs[?OutputKey=='$1'].OutputValue"
}
cluster=$(output ClusterName)
definition=$(output AdminTaskDefinition)
log=$(output AdminLogGroupName)
network="awsvpcConfiguration={subnets=[$(output TaskSubnets)],securityGroups=[$(output TaskSecurityGroup)],assignPublicIp=DISABLED}"

words='"node","src/cli/'$command'.ts"'
for word in "$@"; do
  word=${word//\\/\\\\}
  words+=",\"${word//\"/\\\"}\""
done
task=$(aws ecs run-task --cluster "$cluster" --task-definition "$definition" --launch-type FARGATE --count 1 \
  --network-configuration "$network" --overrides "{\"containerOverrides\":[{\"name\":\"admin\",\"command\":[$words]}]}" \
  --output text --query 'tasks[0].taskArn')
stream=run/admin/${task##*/}

# Whatever happens, no key stays in the log.
forget() { aws logs delete-log-stream --log-group-name "$log" --log-stream-name "$stream" >/dev/null 2>&1 || true; }
trap forget EXIT

aws ecs wait tasks-stopped --cluster "$cluster" --tasks "$task"
aws logs get-log-events --log-group-name "$log" --log-stream-name "$stream" --start-from-head \
  --output text --query 'events[].[message]'
code=$(aws ecs describe-tasks --cluster "$cluster" --tasks "$task" --output text \
  --query 'tasks[0].containers[0].exitCode')
[[ $code == 0 ]]
