# PostgreSQL. Every conversation lies here: backed up for weeks, encrypted, reached from the network alone.

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
  description = "Private subnets, in two zones at least."
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

resource "aws_db_subnet_group" "this" {
  name       = var.name
  subnet_ids = var.subnets
}

resource "aws_security_group" "this" {
  name        = "${var.name}-database"
  description = "PostgreSQL"
  vpc_id      = var.network
}

resource "aws_vpc_security_group_ingress_rule" "clients" {
  for_each          = toset(var.clients)
  security_group_id = aws_security_group.this.id
  cidr_ipv4         = each.value
  from_port         = 5432
  to_port           = 5432
  ip_protocol       = "tcp"
}

resource "aws_db_parameter_group" "this" {
  name_prefix = "${var.name}-"
  family      = "postgres17"

  parameter {
    name  = "rds.force_ssl"
    value = "1"
  }

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_db_instance" "this" {
  identifier                   = var.name
  engine                       = "postgres"
  engine_version               = "17"
  instance_class               = var.size
  db_name                      = "securechat"
  username                     = "securechat"
  manage_master_user_password  = true # in the cloud's vault, which changes it by itself
  allocated_storage            = 50
  max_allocated_storage        = 1000
  storage_type                 = "gp3"
  storage_encrypted            = true
  multi_az                     = var.spare
  db_subnet_group_name         = aws_db_subnet_group.this.name
  vpc_security_group_ids       = [aws_security_group.this.id]
  parameter_group_name         = aws_db_parameter_group.this.name
  backup_retention_period      = 21
  copy_tags_to_snapshot        = true
  deletion_protection          = true
  final_snapshot_identifier    = "${var.name}-last"
  performance_insights_enabled = true
  auto_minor_version_upgrade   = true
}

output "address" {
  value = aws_db_instance.this.endpoint
}

output "password_secret" {
  description = "Where the vault keeps the password."
  value       = aws_db_instance.this.master_user_secret[0].secret_arn
}
