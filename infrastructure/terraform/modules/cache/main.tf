# Valkey, by which replicas share answers under way. What is in it may be lost: nothing is backed up.

terraform {
  required_version = ">= 1.6"
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 6.0"
    }
  }
}

variable "name" {
  description = "Name of all that is made here."
  type        = string
}

variable "network" {
  description = "Id of the network."
  type        = string
}

variable "subnets" {
  description = "Private subnets."
  type        = list(string)
}

variable "clients" {
  description = "Addresses that may connect."
  type        = list(string)
}

variable "size" {
  description = "Class of the machine."
  type        = string
}

variable "spare" {
  description = "Whether a second machine in another zone takes over where the first fails."
  type        = bool
}

variable "password" {
  description = "What servers say to be let in: 16 to 128 characters."
  type        = string
  sensitive   = true
}

resource "aws_elasticache_subnet_group" "this" {
  name       = var.name
  subnet_ids = var.subnets
}

resource "aws_security_group" "this" {
  name        = "${var.name}-cache"
  description = "Valkey"
  vpc_id      = var.network
}

resource "aws_vpc_security_group_ingress_rule" "clients" {
  for_each          = toset(var.clients)
  security_group_id = aws_security_group.this.id
  cidr_ipv4         = each.value
  from_port         = 6379
  to_port           = 6379
  ip_protocol       = "tcp"
}

resource "aws_elasticache_parameter_group" "this" {
  name   = var.name
  family = "valkey8"

  parameter {
    name  = "maxmemory-policy"
    value = "volatile-ttl"
  }
}

resource "aws_elasticache_replication_group" "this" {
  replication_group_id       = var.name
  description                = "Answers under way, limits and runs of Secure Chat Proxy"
  engine                     = "valkey"
  engine_version             = "8.0"
  node_type                  = var.size
  parameter_group_name       = aws_elasticache_parameter_group.this.name
  num_cache_clusters         = var.spare ? 2 : 1 # one primary: the server does not speak to clusters of many
  automatic_failover_enabled = var.spare
  multi_az_enabled           = var.spare
  subnet_group_name          = aws_elasticache_subnet_group.this.name
  security_group_ids         = [aws_security_group.this.id]
  at_rest_encryption_enabled = true
  transit_encryption_enabled = true
  auth_token                 = var.password
  snapshot_retention_limit   = 0
}

output "address" {
  value = "${aws_elasticache_replication_group.this.primary_endpoint_address}:6379"
}
